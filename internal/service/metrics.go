package service

import (
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/admission"
	"github.com/difygraph/difygraph/internal/browser"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// What there is of scrapes: those whose numbers are gathered at once, those that wait for it, and how long.
const (
	scrapes        = 4
	scrapesWaiting = 64
	scrapeWait     = 5 * time.Second
)

// Metrics serves what is counted, for a port of its own, and profiles where the configuration says so. It asks nobody who they are, so
// that it answers only by names that the configuration has, and by addresses, which monitoring asks for and no page can make its own.
func Metrics(cfg *config.Config, told *telemetry.Telemetry) http.Handler {
	refuse := func(w http.ResponseWriter, _ *http.Request, status int, _ code.Code, message string) {
		http.Error(w, message, status)
	}
	mux := http.NewServeMux()
	// A TimeoutHandler keeps the answer until it is whole. So who does not read it has no turn that others wait for.
	mux.Handle("/", http.TimeoutHandler(inTurn(told.MetricsHandler()), 2*scrapeWait, "gathering the metrics took too long"))
	if cfg.Metrics.Pprof {
		profile(mux)
	}
	return browser.SecurityHeaders(browser.HostsOrAddresses(cfg.MetricsHostNames(), refuse)(mux))
}

// inTurn bounds how many requests are served at once. Addresses take turns.
func inTurn(next http.Handler) http.Handler {
	gate := admission.NewGate(admission.Options{Operations: scrapes, Waiting: scrapesWaiting, MaxWait: scrapeWait})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn, err := gate.Enter(admission.WithCaller(r.Context(), addressOf(r)))
		if err != nil {
			http.Error(w, "too many ask for the metrics at once; try again later", http.StatusServiceUnavailable)
			return
		}
		defer turn.Leave()
		next.ServeHTTP(w, r)
	})
}

// profile serves what go tool pprof reads. The command line is not among it: its paths are nobody's business.
func profile(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.Handle("GET /debug/pprof/cmdline", http.NotFoundHandler())
}
