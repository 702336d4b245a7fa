package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// maxPages bounds the answers of one load.
const maxPages = 1_000_000

// loaded is what a load gave.
type loaded struct {
	pages  int
	bytes  int64
	took   time.Duration
	median time.Duration
}

// load sends a request again and again, over so many connections, each as soon as its last answer is there.
func load(ctx context.Context, address string, request []byte, connections int, lasting time.Duration) (loaded, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	clients := make([]client, connections)
	var asking sync.WaitGroup
	for i := range clients {
		asking.Go(func() {
			if err := clients[i].ask(ctx, address, asCaller(request, i%callers), began.Add(lasting), maxPages/connections); err != nil {
				cancel(err) // the others hang up
			}
		})
	}
	asking.Wait()
	sum := loaded{took: time.Since(began)}
	var times []time.Duration
	if err := context.Cause(ctx); err != nil {
		return sum, err
	}
	for _, c := range clients {
		sum.pages += len(c.times)
		sum.bytes += c.bytes
		times = append(times, c.times...)
	}
	if len(times) == 0 {
		return sum, fmt.Errorf("no answer within %v", lasting)
	}
	slices.Sort(times)
	sum.median = times[len(times)/2]
	return sum, nil
}

// client is one connection. It does as little as it can, since it shares the machine with what is measured.
type client struct {
	times []time.Duration
	bytes int64
}

func (c *client) ask(ctx context.Context, address string, request []byte, until time.Time, most int) error {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	hangUp := func() { _ = connection.Close() }
	defer hangUp()
	defer context.AfterFunc(ctx, hangUp)()
	answers := bufio.NewReaderSize(connection, 64<<10)
	for sent := time.Now(); sent.Before(until) && len(c.times) < most; sent = time.Now() {
		if _, err := connection.Write(request); err != nil {
			return err
		}
		answer, err := http.ReadResponse(answers, nil) //nolint:bodyclose // The next answer comes on the same connection.
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK || n < 1000 {
			return fmt.Errorf("an answer of status %d and %d bytes after %v", answer.StatusCode, n, time.Since(sent))
		}
		c.times, c.bytes = append(c.times, time.Since(sent)), c.bytes+n
	}
	return nil
}
