package service

import (
	"net/http"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/browser"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// Metrics serves what is counted, for a port of its own. It asks nobody who they are, so that it answers only by names that the
// configuration has, and by addresses, which monitoring asks for and no page can make its own.
func Metrics(cfg *config.Config, told *telemetry.Telemetry) http.Handler {
	refuse := func(w http.ResponseWriter, _ *http.Request, status int, _ code.Code, message string) {
		http.Error(w, message, status)
	}
	return browser.SecurityHeaders(browser.HostsOrAddresses(cfg.MetricsHostNames(), refuse)(told.MetricsHandler()))
}
