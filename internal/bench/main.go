// Bench measures what a page costs the server, in one run: bytes through a plain proxy, the same bytes through structs of Go,
// ordinary gqlgen, and this server with everything that it has in production. It prints a table of ratios:
//
//	go run ./internal/bench
//
// Each is a process of its own on one core, between a load generator (this process) and a Dify with canned pages (a third one).
// At the end it shows what must not grow: what a page takes far down a walk, and the memory that a large answer does.
//
// All talk over loopback. Figures of CPU are the server process's own, from getrusage; they hold on a busy machine, unlike
// pages a second.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures; or it is one of the processes that are measured, if its first argument says so.
func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == childArgument {
		return serveChild(ctx, args[1:])
	}
	var b bench
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.DurationVar(&b.busy, "busy", 2500*time.Millisecond, "how long each server is kept busy")
	flags.DurationVar(&b.quiet, "quiet", 800*time.Millisecond, "how long each server is asked over one connection")
	flags.IntVar(&b.connections, "connections", 32, "connections of the busy time")
	only := flags.String("only", "", "servers to measure, separated by commas; all if empty")
	rows := flags.Int("rows", 0, "rows of a page; 20 and 95 if 0")
	growth := flags.Bool("growth", false, "measure a long walk and a large answer; so it is in any case where all servers are measured")
	flags.DurationVar(&b.slow, "slow", 0, "what Dify takes for an answer; choose -busy and -connections to go with it")
	flags.StringVar(&b.profile, "profile", "", "file for a CPU profile of the last server")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	b.sizes, b.kinds, b.growth = []int{20, 95}, kinds, *only == "" && *rows == 0 || *growth
	if *rows != 0 {
		b.sizes = []int{*rows}
	}
	if *only != "" {
		wanted := strings.Split(*only, ",")
		b.kinds = slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return !slices.Contains(wanted, k.name) })
	}
	return b.run(ctx, os.Stdout)
}
