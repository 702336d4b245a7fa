package config

import (
	"errors"
	"io/fs"
	"os"
)

// maxFileBytes bounds the configuration file and each key file. It is room
// for some two thousand apps; a path to a log is refused early.
const maxFileBytes = 256 << 10

// Source is all that a configuration is made of.
type Source struct {
	// Path is the configuration file. Empty: the environment alone.
	Path string

	// Environ is the environment as os.Environ gives it.
	Environ []string

	// ReadFile gives the content of the configuration file and of the key
	// files. It is not called without a Path.
	ReadFile func(path string) ([]byte, error)
}

// SystemSource is the file at path, the environment of the process, and its
// files by a function that reads so many bytes at most. Path may be empty.
func SystemSource(path string, read func(path string, most int64) ([]byte, error)) Source {
	return Source{Path: path, Environ: os.Environ(), ReadFile: func(path string) ([]byte, error) {
		return read(path, maxFileBytes)
	}}
}

// readFailure says why a file can't be read, without its path: who puts a key
// where the path of its file belongs must not find it in the log.
func readFailure(err error) string {
	if failure, ok := errors.AsType[*fs.PathError](err); ok {
		return "cannot read it: " + failure.Err.Error()
	}
	return "cannot read it"
}
