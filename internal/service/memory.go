package service

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much may be made between two collections of garbage: at least so many bytes, and at least so many percent of what is in use. At
// Go's own pace, which is as much as is in use, a server that holds little and makes much that is soon gone spends an eighth of its
// time on collecting; and one that holds much for a while takes twice of that.
const (
	madeBetween = 24 << 20
	mostPercent = 400
	minPercent  = 40
)

// TuneMemory sets how much memory the process takes to have less work, and keeps to it. GOGC, where it is set, wins.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		tune()
	}
}

// tune sets the pace, and again after each collection.
func tune() {
	debug.SetGCPercent(percentFor(inUse()))
	runtime.AddCleanup(new([64]byte), func(struct{}) { tune() }, struct{}{})
}

// percentFor is how much may be made beside so many bytes that are in use, in percent of them.
func percentFor(inUse uint64) int {
	return int(min(max(madeBetween*100/max(inUse, 1), minPercent), mostPercent))
}

// inUse is what the last collection has left on the heap.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
