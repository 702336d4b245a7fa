package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"

	"github.com/caarlos0/env/v11"

	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/service"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// loggedError is why the server ended, which the log has already.
type loggedError struct{ error }

func (e loggedError) Unwrap() error { return e.error }

// logFormat is that of the configuration. Where it can't be read (nil), what stands in the environment is known all the same.
func logFormat(cfg *config.Config, p process) telemetry.Format {
	if cfg == nil {
		return telemetry.Format(env.ToMap(p.environ)["DIFYGRAPH_LOG"])
	}
	return telemetry.Format(cfg.Log)
}

// logEnd tells that the server has ended, and why if it was not told to: one line for each mistake in the configuration, and one.
func logEnd(log *slog.Logger, err error) {
	if problems, ok := errors.AsType[config.Problems](err); ok {
		for _, problem := range problems {
			log.Error("configuration", "error", problem)
		}
		err = fmt.Errorf("mistakes in the configuration: %d", len(problems))
	}
	if err != nil {
		log.Error("ended", "error", err)
		return
	}
	log.Info("ended")
}

// logStart tells what serves now, and where. It shows no address of a Dify and no secret.
func logStart(log *slog.Logger, cfg *config.Config, listener net.Listener) {
	keys := make([]string, len(cfg.Apps))
	for i, app := range cfg.Apps {
		keys[i] = app.Key
	}
	at := address(listener)
	log.Info("started", "version", version(), "go", runtime.Version(),
		"playground", "http://"+at+"/", "graphql", "http://"+at+service.GraphQLPath, "metrics", cfg.Metrics.Listen,
		"sample", cfg.Demo, "apps", keys, "callers", callerKinds(cfg.Auth), limitsShown(cfg.Limits))
}

// callerKinds says how callers show who they are.
func callerKinds(auth config.Auth) []string {
	kinds := []string{}
	if len(auth.Tokens) > 0 {
		kinds = append(kinds, "tokens")
	}
	if len(auth.Issuers) > 0 {
		kinds = append(kinds, "issuers")
	}
	if len(kinds) == 0 {
		kinds = append(kinds, "unauthenticated")
	}
	return kinds
}

// limitsShown has the limits under their names in the configuration.
func limitsShown(l config.Limits) slog.Attr {
	return slog.Group("limits",
		"scanCalls", l.ScanCalls, "scanDetails", l.ScanDetails, "price", l.Price, "rate", l.Rate, "burst", l.Burst,
		"operations", l.Operations, "waiting", l.Waiting, "deadline", l.Deadline.String(), "connections", l.Connections,
		"connectionsPerAddress", l.ConnectionsPerAddress, "connectionsPerServer", l.ConnectionsPerServer,
		"operationBytes", l.OperationBytes, "bytes", l.Bytes)
}
