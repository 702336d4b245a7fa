package service

import (
	"crypto/sha256"
	"maps"
	"slices"
)

// readFile gives the content of the file at path, as [os.ReadFile] does.
type readFile func(path string) ([]byte, error)

// sight is what one look sees of a file.
type sight struct {
	readable bool
	digest   [sha256.Size]byte // of its content, which may be a secret; zero if it can't be read
}

func sightOf(content []byte, err error) sight {
	if err != nil {
		return sight{}
	}
	return sight{readable: true, digest: sha256.Sum256(content)}
}

// seen is what something was made of.
type seen struct {
	sight

	missed int // looks in a row for which the file was gone since
}

// snapshot has the files that something was made of. So they are the ones that are looked at, and what is known of them is what
// was loaded, even where a file changes just after.
type snapshot map[string]*seen

// over is read, on the record.
func (r snapshot) over(read readFile) readFile {
	return func(path string) ([]byte, error) {
		content, err := read(path)
		r[path] = &seen{sight: sightOf(content, err)}
		return content, err
	}
}

// look reads all files again.
func (r snapshot) look(read readFile) map[string]sight {
	now := make(map[string]sight, len(r))
	for path := range r {
		now[path] = sightOf(read(path))
	}
	return now
}

// changes are the files that have another content now than that on record, or have one at last. A file that is gone has not
// changed: while one file takes the place of another there may be none.
func (r snapshot) changes(now map[string]sight) (changed []string) {
	for _, path := range slices.Sorted(maps.Keys(r)) {
		known := r[path]
		switch {
		case !now[path].readable && known.readable:
			known.missed++
		case now[path].digest != known.digest:
			changed = append(changed, path)
		default:
			known.missed = 0
		}
	}
	return changed
}

// missing are the files that were there once and were gone for just so many looks in a row.
func (r snapshot) missing(looks int) (paths []string) {
	for _, path := range slices.Sorted(maps.Keys(r)) {
		if r[path].missed == looks {
			paths = append(paths, path)
		}
	}
	return paths
}

// complete tells whether no file is gone.
func (r snapshot) complete() bool {
	for _, known := range r {
		if known.missed > 0 {
			return false
		}
	}
	return true
}
