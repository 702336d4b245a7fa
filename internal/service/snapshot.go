package service

import (
	"crypto/sha256"
	"maps"
	"slices"
)

// readFile gives the content of the file at path, as [os.ReadFile] does.
type readFile func(path string) ([]byte, error)

// fileState is what is compared of a file.
type fileState struct {
	readable bool
	digest   [sha256.Size]byte // of its content, which may be a secret; zero if it can't be read
}

func fileStateOf(content []byte, err error) fileState {
	if err != nil {
		return fileState{}
	}
	return fileState{readable: true, digest: sha256.Sum256(content)}
}

// loadedFile is a file as it was when it was loaded.
type loadedFile struct {
	fileState

	missed int // polls in a row that did not find the file
}

// snapshot has the files of one load, by their paths, as they were read for it. A file that changes during the load, after it was read,
// is found changed by the next poll.
type snapshot map[string]*loadedFile

// recording is read, and notes what was read in the snapshot.
func (r snapshot) recording(read readFile) readFile {
	return func(path string) ([]byte, error) {
		content, err := read(path)
		r[path] = &loadedFile{fileState: fileStateOf(content, err)}
		return content, err
	}
}

// readAll reads all files again.
func (r snapshot) readAll(read readFile) map[string]fileState {
	now := make(map[string]fileState, len(r))
	for path := range r {
		now[path] = fileStateOf(read(path))
	}
	return now
}

// changes are the files with another content than the snapshot's, or with one where it has none. A file that is gone counts as
// unchanged: there may be none for a moment while another takes its place.
func (r snapshot) changes(now map[string]fileState) []string {
	changed := []string{} // not nil, which is null in a log of JSON
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

// missing are the files that just so many polls in a row did not find.
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
