package reload

import (
	"crypto/sha256"
	"maps"
	"slices"
)

// ReadFile gives the content of the file at path, as [os.ReadFile] does.
type ReadFile func(path string) ([]byte, error)

// seen is what was last known of a file.
type seen struct {
	readable bool
	digest   [sha256.Size]byte // of its content, which may be a secret; zero if it can't be read
	missed   int               // looks in a row for which it was gone
}

// record reads files and keeps what it saw of them. So the files that are looked at are those that something was made of,
// and what is known of them is what was loaded, even where a file changes just after.
type record map[string]*seen

// over is read, on the record.
func (r record) over(read ReadFile) ReadFile {
	return func(path string) ([]byte, error) {
		content, err := read(path)
		r[path] = sight(content, err)
		return content, err
	}
}

func sight(content []byte, err error) *seen {
	if err != nil {
		return new(seen)
	}
	return &seen{readable: true, digest: sha256.Sum256(content)}
}

// changes reads all files again, and tells those that have another content than that on record, or have one at last. A file
// that is gone has not changed: while one file takes the place of another there may be none.
func (r record) changes(read ReadFile) (changed []string) {
	for _, path := range slices.Sorted(maps.Keys(r)) {
		known, now := r[path], sight(read(path))
		switch {
		case !now.readable && known.readable:
			known.missed++
		case now.digest != known.digest:
			changed = append(changed, path)
		default:
			known.missed = 0
		}
	}
	return changed
}

// missing are the files that were there once and were gone for just so many looks in a row.
func (r record) missing(looks int) (paths []string) {
	for _, path := range slices.Sorted(maps.Keys(r)) {
		if r[path].missed == looks {
			paths = append(paths, path)
		}
	}
	return paths
}

// complete tells whether no file is gone.
func (r record) complete() bool {
	for _, known := range r {
		if known.missed > 0 {
			return false
		}
	}
	return true
}
