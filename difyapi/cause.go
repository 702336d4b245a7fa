package difyapi

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Errors of net, net/http and tls name hosts, addresses and proxies, and errors of JSON repeat the body. The functions
// below keep what such an error says of the failure, and leave out what it says of the server.

var (
	errNoAnswer     = errors.New("no answer")
	errHostNotFound = errors.New("the host name cannot be resolved")
	errCertificate  = errors.New("the server's certificate is not valid for it")
	errTooLarge     = errors.New("the body is too large")
	errNotJSON      = errors.New("the body is not JSON")
)

// transportCause tells why no answer came.
func transportCause(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return errHostNotFound
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errCertificate
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	return errNoAnswer
}

// bodyCause tells why a body could not be read to its end.
func bodyCause(err error) error {
	if errors.Is(err, errTooLarge) {
		return errTooLarge
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return fmt.Errorf("the body is cut: %w", errno)
	}
	return fmt.Errorf("the body is cut: %w", io.ErrUnexpectedEOF)
}

// decodeCause tells where a body is not what was expected, by position.
func decodeCause(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("unexpected JSON at %q", beginning(string(semantic.JSONPointer)))
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("malformed JSON at byte %d", syntactic.ByteOffset)
	}
	return errNotJSON
}
