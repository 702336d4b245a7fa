package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// maxFileBytes bounds the configuration file and each key file. It is room
// for some two thousand apps; a path to a device or a log is refused early.
const maxFileBytes = 256 << 10

var errTooLarge = errors.New("larger than 256 KiB")

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

// SystemSource is the file at path, the environment of the process and its
// file system. Path may be empty.
func SystemSource(path string) Source {
	return Source{Path: path, Environ: os.Environ(), ReadFile: readFile}
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written that could be lost
	content, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxFileBytes {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errTooLarge}
	}
	return content, nil
}

// readFailure says why a file can't be read, without its path: who puts a key
// where the path of its file belongs must not find it in the log.
func readFailure(err error) string {
	if failure, ok := errors.AsType[*fs.PathError](err); ok {
		return "cannot read it: " + failure.Err.Error()
	}
	return "cannot read it"
}
