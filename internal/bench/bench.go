package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// bench is what is to be measured.
type bench struct {
	busy, quiet time.Duration
	connections int
	sizes       []int // rows of a page
	kinds       []kind
	slow        time.Duration // what Dify takes for an answer
	profile     string
	growth      bool // whether what must not grow is measured, too
}

// figures are those of one server at one size of pages.
type figures struct {
	pages    float64       // a second
	cpu      time.Duration // of the server, a page
	latency  time.Duration // median at one connection, less that of Dify itself
	allocs   float64       // a page
	allocKB  float64       // a page
	peak     int64         // bytes that were resident at most
	answerKB float64
}

func (b bench) run(ctx context.Context, w io.Writer) error {
	c := usually
	c.slow = b.slow
	upstream, err := startChild(ctx, 0, c.args()...)
	if err != nil {
		return err
	}
	defer upstream.stop()
	for _, rows := range b.sizes {
		measured, err := b.measureAll(ctx, upstream, rows)
		if err != nil {
			return err
		}
		if err := b.print(w, rows, measured); err != nil {
			return err
		}
	}
	if b.growth {
		return grow(ctx, w)
	}
	return nil
}

func (b bench) measureAll(ctx context.Context, upstream *child, rows int) ([]figures, error) {
	direct, err := load(ctx, upstream.address, pageRequest(upstream.address, rows), 1, b.quiet)
	if err != nil {
		return nil, fmt.Errorf("the Dify itself: %w", err)
	}
	measured := make([]figures, len(b.kinds))
	for i, k := range b.kinds {
		if measured[i], err = b.measure(ctx, upstream, k, rows); err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
		measured[i].latency -= direct.median
	}
	return measured, nil
}

// measure starts a server for itself, so that its memory is its own.
func (b bench) measure(ctx context.Context, upstream *child, k kind, rows int) (f figures, err error) {
	server, err := startChild(ctx, 1, k.name, upstream.address, strconv.Itoa(b.connections))
	if err != nil {
		return f, err
	}
	defer server.stop()
	request := k.request(server.address, rows)
	if _, err := load(ctx, server.address, request, b.connections, b.busy/5); err != nil { // what is made once is made
		return f, err
	}
	if b.profile != "" {
		if err := server.startProfile(b.profile); err != nil {
			return f, err
		}
	}
	before, err := server.usage(ctx)
	if err != nil {
		return f, err
	}
	busy, err := load(ctx, server.address, request, b.connections, b.busy)
	if err != nil {
		return f, err
	}
	after, err := server.usage(ctx)
	if err != nil {
		return f, err
	}
	quiet, err := load(ctx, server.address, request, 1, b.quiet)
	n := float64(busy.pages)
	return figures{
		pages: n / busy.took.Seconds(), cpu: (after.CPU - before.CPU) / time.Duration(busy.pages), latency: quiet.median,
		allocs: float64(after.Mallocs-before.Mallocs) / n, allocKB: float64(after.Allocated-before.Allocated) / n / 1024,
		peak: after.Peak, answerKB: float64(busy.bytes) / n / 1024,
	}, err
}

// print shows each server beside the first, which is the floor.
func (b bench) print(w io.Writer, rows int, measured []figures) error {
	fmt.Fprintf(w, "%d rows, %d connections, one core, Dify takes %v\n", rows, b.connections, b.slow)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tCPU / floor\tpages / floor\tCPU a page\tpages/s\tadded latency\tallocs a page\tKB allocated\tpeak MB\tanswer KB")
	floor := measured[0]
	for i, f := range measured {
		fmt.Fprintf(table, "%s\t%.1f\t%.3f\t%v\t%.0f\t%v\t%.0f\t%.0f\t%.0f\t%.0f\n", b.kinds[i].name,
			float64(f.cpu)/float64(floor.cpu), f.pages/floor.pages, f.cpu.Round(time.Microsecond), f.pages,
			f.latency.Round(10*time.Microsecond), f.allocs, f.allocKB, float64(f.peak)/(1<<20), f.answerKB)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
