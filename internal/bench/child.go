package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// childArgument begins the command line of a process that is measured, or measured against.
const childArgument = "child"

// child is such a process: a server that tells what it has used. It ends when its standard input does.
type child struct {
	address string
	control string // address of its own, so that asking is not measured with the rest
	command *exec.Cmd
	stdin   io.Closer
}

// startChild starts this program as one of the servers. cores are how many it may use; all if 0.
func startChild(ctx context.Context, cores int, args ...string) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, program, append([]string{childArgument}, args...)...) //nolint:gosec // Both ends are this program's.
	command.Stderr = os.Stderr
	command.Env = os.Environ()
	if cores > 0 {
		command.Env = append(command.Env, "GOMAXPROCS="+strconv.Itoa(cores))
	}
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	c := &child{command: command, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if _, scanErr := fmt.Sscan(line, &c.address, &c.control); err != nil || scanErr != nil {
		c.stop()
		return nil, fmt.Errorf("%s did not start: %w", args[0], errors.Join(err, scanErr))
	}
	return c, nil
}

func (c *child) stop() {
	_ = c.stdin.Close()
	_ = c.command.Wait() // its end is what counts
}

// usage is what a process has used since its start.
type usage struct {
	CPU                time.Duration // of user and system
	Mallocs, Allocated uint64        // objects, bytes
	Peak               int64         // bytes resident at most
}

func (c *child) usage(ctx context.Context) (u usage, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.control+"/usage", nil)
	if err != nil {
		return u, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return u, err
	}
	defer answer.Body.Close()
	return u, json.NewDecoder(answer.Body).Decode(&u)
}

// startProfile profiles the process from now to its end.
func (c *child) startProfile(path string) error {
	answer, err := http.Post("http://"+c.control+"/profile", "text/plain", strings.NewReader(path)) //nolint:noctx // at once
	if err == nil {
		err = answer.Body.Close()
	}
	return err
}

// serveChild is the life of such a process.
func serveChild(ctx context.Context, args []string) error {
	handler, err := handlerOf(args)
	if err != nil {
		return err
	}
	served, err := listen(ctx, handler)
	if err != nil {
		return err
	}
	control := http.NewServeMux()
	control.HandleFunc("GET /usage", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(used()) })
	control.HandleFunc("POST /profile", func(_ http.ResponseWriter, r *http.Request) { profile(r.Body) })
	controlled, err := listen(ctx, control)
	if err != nil {
		return err
	}
	fmt.Println(served, controlled)
	_, err = io.Copy(io.Discard, os.Stdin)
	pprof.StopCPUProfile()
	return err
}

func profile(path io.Reader) {
	name, err := io.ReadAll(path)
	if err == nil {
		var file *os.File
		if file, err = os.Create(string(name)); err == nil {
			err = pprof.StartCPUProfile(file)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: no profile:", err)
	}
}

// listen serves on a free port of loopback until the process ends.
func listen(ctx context.Context, handler http.Handler) (address string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String(), nil
}

// used is what this process has used.
func used() usage {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{
		CPU:     time.Duration(r.Utime.Nano() + r.Stime.Nano()),
		Mallocs: m.Mallocs, Allocated: m.TotalAlloc, Peak: peak(),
	}
}

// peak is the most that was resident, as Linux has it; 0 elsewhere. Getrusage's own counts the parent's memory, too.
func peak() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10
}
