// Package files reads the files that the program is told of: its configuration, key files, the list of operations.
//
// They are read again and again while the program runs, and whoever names one may name anything. So only regular files are
// read, or links to such: a pipe would keep its reader until somebody writes, a device may have no end. And nothing waits for
// long: a network file system may hang.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sync/singleflight"
)

// readTimeout is how long one file may take. A disk takes milliseconds.
const readTimeout = 5 * time.Second

var (
	// errNotRegular is of a pipe, a device or a socket; a process substitution of the shell is a pipe.
	errNotRegular = errors.New("it is no regular file, and files are read again while the program runs: write what it has into a file, and name that")
	// errTooLarge is of a file with more bytes than it may have.
	errTooLarge = errors.New("it is too large")
	// errTooSlow is of a file system that hangs.
	errTooSlow = fmt.Errorf("it could not be read within %v", readTimeout)
)

// Read gives the content of the regular file at path, of at most so many bytes. It takes 5 s at most. Errors are an
// [fs.PathError] about the file, or of a context that is over.
type Read func(path string, most int64) ([]byte, error)

// Within reads files until ctx ends. It is safe for concurrent use.
func Within(ctx context.Context) Read { return within(ctx, read) }

func within(ctx context.Context, read Read) Read {
	// A read that hangs can't be ended. There is one for each file at most, which later ones join.
	reads := new(singleflight.Group)
	return func(path string, most int64) ([]byte, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, readTimeout, &fs.PathError{Op: "read", Path: path, Err: errTooSlow})
		defer cancel()
		select {
		case result := <-reads.DoChan(path, func() (any, error) { return read(path, most) }):
			content, _ := result.Val.([]byte)
			return content, result.Err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// read opens the file in such a way that a pipe without a writer does not keep it.
func read(path string, most int64) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written that could be lost
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(content)) > most {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: at most %d KiB", errTooLarge, most>>10)}
	}
	if err != nil {
		return nil, err
	}
	return content, nil
}
