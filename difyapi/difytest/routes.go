package difytest

import (
	"net/http"
	"net/url"
	"strings"
)

// The routes, as [Server.Calls] counts them and [RouteOf] tells them.
const (
	InfoRoute    = "/v1/info"
	LogsRoute    = "/v1/workflows/logs"
	RunRoute     = "/v1/workflows/run/{id}"
	EndUserRoute = "/v1/end-users/{id}"
	EventsRoute  = "/v1/workflow/{id}/events"
)

// RouteOf returns the route of a path and what stands for its id, whether the
// release has the route or not. A path of no route is its own, and so is one of
// a route without an id.
func RouteOf(path string) (route, id string) {
	for _, route := range []string{RunRoute, EndUserRoute, EventsRoute} {
		before, after, _ := strings.Cut(route, "{id}")
		id, begins := strings.CutPrefix(path, before)
		id, ends := strings.CutSuffix(id, after)
		if begins && ends && id != "" && !strings.Contains(id, "/") {
			return route, id
		}
	}
	return path, ""
}

// endpoint answers a request whose key has been found good.
type endpoint func(app *App, query url.Values) answer

// endpoint returns who answers a path, or nil. A new endpoint is a line here
// and a file of its own.
func (s *Server) endpoint(path string) endpoint {
	switch route, id := RouteOf(path); route {
	case InfoRoute:
		return s.info
	case LogsRoute:
		return s.workflowLogs
	case RunRoute:
		return s.workflowRun(id)
	case EndUserRoute:
		return s.endUser(id)
	case EventsRoute:
		return s.runEvents(id)
	default:
		return nil
	}
}

// answer routes a request. Dify looks at the route and the method before it
// looks at the key.
func (s *Server) answer(r *http.Request) answer {
	endpoint := s.endpoint(r.URL.Path)
	if endpoint == nil {
		return notFound()
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return methodNotAllowed()
	}
	app, refusal := s.authenticate(r)
	if refusal != nil {
		return *refusal
	}
	return endpoint(app, r.URL.Query())
}

// authenticate finds the app of the request's key, with Dify's checks in
// Dify's order (api/controllers/service_api/wraps.py).
func (s *Server) authenticate(r *http.Request) (*App, *answer) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case !found:
		return nil, new(unauthorized("Authorization header must be provided and start with 'Bearer'"))
	case !strings.EqualFold(scheme, "bearer"):
		return nil, new(unauthorized("Authorization scheme must be 'Bearer'"))
	}
	app := s.appOfKey(strings.TrimSpace(token))
	if app == nil {
		return nil, new(unauthorized("Access token is invalid"))
	}
	return app, app.refusal(s.release())
}

// refusal is the answer of an app that may not be used, or nil.
func (a *App) refusal(version release) *answer {
	switch AppState(a.state.Load()) {
	case AppNormal:
	case AppArchived:
		if version.has(appStatusIsEnum) {
			return new(invalidParam("'archived' is not a valid AppStatus"))
		}
		return new(forbidden("The app's status is abnormal."))
	case AppDeleted:
		return new(forbidden("The app no longer exists."))
	case AppAbnormal:
		return new(forbidden("The app's status is abnormal."))
	case AppAPIDisabled:
		return new(forbidden("The app's API service has been disabled."))
	case WorkspaceMissing:
		return new(invalidParam("Tenant does not exist."))
	case WorkspaceArchived:
		return new(forbidden("The workspace's status is archived."))
	case WorkspaceOwnerGone:
		return new(unauthorized("Tenant owner account not found or tenant is not active."))
	}
	return nil
}

// bearerToken returns the key of a request, good or not.
func bearerToken(r *http.Request) string {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token)
}
