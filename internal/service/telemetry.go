package service

import (
	"context"
	"net/url"

	"github.com/99designs/gqlgen/graphql"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/internal/admission"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// AccountOf says what an operation took, for [telemetry.Options].
func AccountOf(ctx context.Context, response *graphql.Response) telemetry.Account {
	c := graph.CostOf(ctx, response)
	return telemetry.Account{Price: c.Price, Spent: c.Spent, Rows: c.Rows, FailedApps: c.FailedApps}
}

// reportHealth logs and counts that an app goes down or comes back.
func reportHealth(told *telemetry.Telemetry, app config.App) func(difyapi.Health) {
	return func(h difyapi.Health) {
		change := telemetry.AppChange{App: app.Key, Host: hostOf(app.BaseURL), Since: h.Since}
		if h.Down {
			change.Code = graph.CodeOf(h.Failure)
		}
		told.NoteApp(change)
	}
}

func hostOf(baseURL string) string {
	parsed, err := url.Parse(baseURL)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// State is what the service counts.
func (s *Service) State() (state telemetry.State) {
	for app, client := range s.clients {
		c := client.Stats()
		state.Apps = append(state.Apps, telemetry.AppState{
			App: app, Waiting: c.Waiting, Waits: c.Waits, Waited: c.Waited, Retries: c.Retries,
			Breaker: c.Breaker, Down: client.Health().Down,
		})
	}
	for _, c := range s.upstream.Stats() {
		state.Caches = append(state.Caches, telemetry.CacheState{
			Cache: c.Kind, Hits: c.Hits, Joins: c.Joins, Misses: c.Misses, Renewals: c.Renewals,
		})
	}
	state.Gate = gateState(s.process.gate.Stats())
	return state
}

func gateState(g admission.Stats) telemetry.GateState {
	return telemetry.GateState{
		Operations: map[string]int{"running": g.Running, "entering": g.Entering, "returning": g.Returning, "app": g.AtApps},
		Refusals:   map[string]int64{"share": g.Refused.Share, "late": g.Refused.Late, "app": g.Refused.AtApp},
	}
}
