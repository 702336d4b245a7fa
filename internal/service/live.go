package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/files"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// Source says what a service is made of, again and again.
type Source struct {
	Config config.Source
	// Listen is where the server listens, whatever a later configuration says.
	Listen string
	// Sample is the apps of the built-in Dify, for where nothing is configured.
	Sample []config.App
	// Operations is the file of the operations that can be asked for by their hash; empty if there is none. OperationsOnly
	// executes no others.
	Operations     string
	OperationsOnly bool
	// Telemetry outlives all services.
	Telemetry *telemetry.Telemetry
	// Files reads the list of operations.
	Files files.Read
	// Put brings a service into force, and calls closing when the last request of it has ended.
	Put func(handler http.Handler, closing func())
	// Draining is over once the server drains.
	Draining context.Context //nolint:containedctx // it is the server's
	// Hangups ask for a reload. They are heard as long as the process lives: SIGHUP would end it otherwise.
	Hangups <-chan os.Signal
}

// live is the service in force.
type live struct {
	Source

	inForce *config.Config // nil before the first load
	process *Process       // nil before the first load
	service *Service       // nil before the first load
}

// Watch makes the service, and makes it anew until ctx ends: when a file has changed, and when asked for. stop ends it, and is to be
// called when no request is under way, nor can be.
func Watch(ctx context.Context, s Source) (stop func(), err error) {
	l := &live{Source: s}
	watcher := newWatcher(l.load, l.read, slog.Default())
	if s.Telemetry != nil {
		watcher.reloaded = s.Telemetry.Reloaded
	}
	if err := watcher.Start(); err != nil {
		l.close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	started, cfg := l.process.latest, l.inForce
	watching.Go(func() { watcher.Run(ctx, s.Hangups) })
	if !cfg.Demo {
		watching.Go(func() { started.examine(ctx, cfg, slog.Default()) })
	}
	return func() {
		cancel()
		watching.Wait()
		l.close()
	}, nil
}

func (l *live) close() {
	if l.process != nil {
		l.process.Close()
	}
}

// maxOperationsBytes is room for some ten thousand operations.
const maxOperationsBytes = 16 << 20

// read gives the list of operations more room than what the configuration may name.
func (l *live) read(path string) ([]byte, error) {
	if path == l.Operations {
		return l.Files(path, maxOperationsBytes)
	}
	return l.Config.ReadFile(path)
}

// load is a [load].
func (l *live) load(read readFile) (fixed map[string]string, err error) {
	cfg, fixed, err := l.configuration(read)
	if err != nil {
		return nil, err
	}
	if l.inForce != nil {
		if err := cfg.After(l.inForce); err != nil {
			return nil, fmt.Errorf("%s: %w", l.Config.Path, err)
		}
	}
	persisted, err := l.persisted(read)
	if err != nil {
		return nil, err
	}
	if l.process == nil {
		l.process = NewProcess(cfg.Limits)
	}
	api, err := New(cfg, Options{Persisted: persisted, Telemetry: l.Telemetry, Process: l.process, Draining: l.Draining})
	if err != nil {
		return nil, err
	}
	if l.Telemetry != nil {
		l.Telemetry.Observe(api.State)
		l.Telemetry.List(persisted.Listed.Names())
	}
	l.inForce = cfg
	l.Put(api, api.Close)
	if l.service != nil {
		l.service.Retire()
	}
	l.service = api
	return fixed, nil
}

// configuration reads it as it would be with the address that is listened on: what a loopback address may do without, such as
// identities, must not go by a change of a line that has no effect.
func (l *live) configuration(read readFile) (cfg *config.Config, fixed map[string]string, err error) {
	source := l.Config
	source.ReadFile = read
	if cfg, err = config.Load(source); err != nil {
		return nil, nil, err
	}
	fixed = map[string]string{
		"listen": cfg.Listen, "metrics.listen": cfg.Metrics.Listen, "metrics.pprof": strconv.FormatBool(cfg.Metrics.Pprof), "log": cfg.Log,
		"limits.connections":           strconv.Itoa(cfg.Limits.Connections),
		"limits.connectionsPerAddress": strconv.Itoa(cfg.Limits.ConnectionsPerAddress),
	}
	if cfg.Listen != l.Listen {
		source.Environ = append(slices.Clip(source.Environ), "DIFYGRAPH_LISTEN="+l.Listen)
		if cfg, err = config.Load(source); err != nil {
			return nil, nil, err
		}
	}
	if cfg.Demo {
		cfg.Apps = l.Sample
	}
	return cfg, fixed, nil
}

// persisted reads the list of operations.
func (l *live) persisted(read readFile) (p graphqlhttp.Persisted, err error) {
	p.OnlyListed = l.OperationsOnly
	if l.Operations == "" {
		if l.OperationsOnly {
			return p, errors.New("--operations-only needs --operations FILE")
		}
		return p, nil
	}
	text, err := read(l.Operations)
	if err != nil {
		return p, fmt.Errorf("operations: %w", err)
	}
	if p.Listed, err = graphqlhttp.ParseOperations(text); err != nil {
		return p, fmt.Errorf("operations: %s: %w", l.Operations, err)
	}
	return p, nil
}
