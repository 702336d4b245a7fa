package difytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
)

// How Dify keeps streams of events.
const (
	pingEvery   = 10 * time.Second
	streamQuiet = 300 * time.Second // without an event; pings don't count
	seamWidth   = 500 * time.Millisecond
)

// runEvents answers GET /workflow/{id}/events: what happens inside a run. In
// Dify it is api/controllers/service_api/app/workflow_events.py. Who asks is
// looked up before the run is, and changed by it: see [App.asUser].
func (s *Server) runEvents(id string) endpoint {
	if !s.release().has(runEventsAdded) {
		return nil
	}
	return func(app *App, query url.Values) answer {
		if query.Get("user") == "" {
			return invalidParam("Arg user must be provided.")
		}
		user := app.asUser(query.Get("user"))
		runID, err := uuid.Parse(id)
		if err != nil {
			return unknownError()
		}
		s.announce(StatementRun, app)
		row := app.store.rowOfRun(runID)
		if row == nil || row.EndUser == nil || row.EndUser.ID != user.ID {
			return errorAnswer(http.StatusNotFound, "not_found", "Workflow run not found")
		}
		return answer{status: http.StatusOK, contentType: eventsType, stream: s.watch(app, *row, query).serve}
	}
}

const eventsType = "text/event-stream; charset=utf-8"

// asUser is what Dify does with the user that a caller names: it makes an end
// user of one whom it does not know, and makes one that came from elsewhere an
// end user of the Service API, in the log's rows too.
func (a *App) asUser(session string) EndUser {
	user, found := a.store.endUserOf(session)
	switch {
	case !found:
		return a.SetEndUser(EndUser{Type: serviceAPI, SessionID: session, ExternalUserID: new(session)})
	case user.Type != serviceAPI:
		user.Type = serviceAPI
		a.store.changeEndUser(user)
	}
	return user
}

const serviceAPI = "service-api"

// watcher is one stream.
type watcher struct {
	teller
	app                       *App
	began                     time.Duration // since the run's start
	snapshot, continueOnPause bool
	loses                     bool // the first event of a node at the seam
	w                         http.ResponseWriter
	fault                     *Fault
	sent                      int
}

func (s *Server) watch(app *App, row Row, query url.Values) *watcher {
	v := &watcher{
		app:             app,
		teller:          teller{play: app.playOf(row.Run.ID), server: s, row: row},
		snapshot:        query.Get("include_state_snapshot") == "true",
		continueOnPause: query.Get("continue_on_pause") == "true",
	}
	if v.play == nil { // a row that stays as it is
		v.play = &play{start: time.Now(), task: uuid.New(), script: Script{Lasts: 1 << 62}}
		if row.Run.Status == StatusPaused {
			v.script.Pauses = []ScriptPause{{ID: uuid.NewSHA1(row.Run.ID, []byte("human")), NodeID: "human", Lasts: 1 << 62}}
		}
	}
	v.began = time.Since(v.start)
	if v.snapshot && s.options.LoseAtSeam > 0 {
		v.loses = s.watchers.Add(1)%uint64(s.options.LoseAtSeam) == 0
	}
	return v
}

// serve writes the stream until it ends or its client leaves.
func (v *watcher) serve(w http.ResponseWriter, r *http.Request, fault *Fault) {
	v.server.open.Add(1)
	defer v.server.open.Add(-1)
	v.w, v.fault = w, fault
	w.Header().Set("Content-Type", eventsType)
	w.WriteHeader(http.StatusOK)
	if end := v.end(); end != nil {
		v.send(v.row.Run.ID, moment{name: "workflow_finished", data: end})
		return
	}
	v.ping()
	if v.snapshot {
		task := v.taskOfSnapshot(v.began)
		for _, event := range v.teller.snapshot(v.began) {
			if !v.send(task, event) || v.isLast(event) {
				return
			}
		}
	}
	v.live(r)
}

// end is the data of the run's end; nil where it has not ended.
func (v *watcher) end() any {
	switch {
	case v.row.Run.Ended():
		return v.server.finishedRun(v.row.Run, v.row.EndUser)
	case v.began >= v.script.Lasts:
		return v.finished() // at the very moment
	default:
		return nil
	}
}

func (v *watcher) live(r *http.Request) {
	latest := time.Now()
	for _, event := range v.moments() {
		if event.at <= v.began || v.loseAtSeam(event) {
			continue
		}
		if !v.idle(r, latest, v.start.Add(event.at)) {
			return
		}
		v.happen(v.app, v.row.ID, event.at) // who is told of it finds it in the log
		if !v.send(v.task, event) || v.isLast(event) {
			return
		}
		latest = time.Now()
	}
	v.idle(r, latest, latest.Add(streamQuiet))
}

// idle pings until a time. It is false where the stream is over before.
func (v *watcher) idle(r *http.Request, latest, until time.Time) bool {
	end := latest.Add(streamQuiet)
	for time.Now().Before(until) {
		wait := min(time.Until(until), time.Until(end), pingEvery)
		if wait <= 0 {
			return false // in silence
		}
		select {
		case <-r.Context().Done():
			return false
		case <-time.After(wait):
		}
		if wait == pingEvery {
			v.ping()
		}
	}
	return r.Context().Err() == nil
}

// isLast tells whether Dify ends the stream after an event. Where it reads on
// after pauses without having told a snapshot, nothing does.
func (v *watcher) isLast(event moment) bool {
	switch event.name {
	case "workflow_finished":
		return !v.continueOnPause || v.snapshot
	case "workflow_paused":
		return !v.continueOnPause
	default:
		return false
	}
}

// loseAtSeam drops the first event of a node that comes close after the
// snapshot, of one watcher in so many.
func (v *watcher) loseAtSeam(event moment) bool {
	if !v.loses || event.execution == uuid.Nil || event.at > v.began+seamWidth {
		return false
	}
	v.loses = false
	v.server.noteLost(Lost{Run: v.row.Run.ID, Execution: event.execution, Event: event.name})
	return true
}

func (v *watcher) ping() {
	if !v.fault.stalls(v.sent) {
		_, _ = v.w.Write([]byte("event: ping\n\n"))
		_ = http.NewResponseController(v.w).Flush()
	}
}

// send writes an event. It is false where a fault ends the stream.
func (v *watcher) send(task uuid.UUID, event moment) bool {
	data, err := json.Marshal(event.data)
	if err != nil {
		panic(fmt.Sprintf("difytest: the data of %s: %v", event.name, err))
	}
	text := fmt.Sprintf("data: {\"event\":%q,\"workflow_run_id\":%q,\"task_id\":%q,\"data\":%s}\n\n", event.name, v.row.Run.ID, task, data)
	defer func() { v.sent++ }()
	switch {
	case v.fault.ends(v.sent):
		return false
	case v.fault.stalls(v.sent):
		return true
	case v.fault.cuts(v.sent):
		_, _ = v.w.Write([]byte(text[:len(text)/2]))
		_ = http.NewResponseController(v.w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = v.w.Write([]byte(text))
	_ = http.NewResponseController(v.w).Flush()
	return true
}

// Lost is an event that a watcher was not told: see [Options].
type Lost struct {
	Run, Execution uuid.UUID
	Event          string // node_started or node_finished
}

// LostAtSeam returns what watchers were not told so far.
func (s *Server) LostAtSeam() []Lost {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.lost)
}

func (s *Server) noteLost(l Lost) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = append(s.lost, l)
}

// OpenStreams returns how many streams of events are open.
func (s *Server) OpenStreams() int { return int(s.open.Load()) }

// EndUsers returns all profiles that the app knows, in no order: also those
// that it was made to know by whoever asked for a run's events.
func (a *App) EndUsers() []EndUser {
	a.store.mu.RLock()
	defer a.store.mu.RUnlock()
	users := make([]EndUser, 0, len(a.store.users))
	for _, user := range a.store.users {
		users = append(users, *user.clone())
	}
	return users
}

func (s *store) rowOfRun(id uuid.UUID) *Row {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.byRun[id]; r != nil {
		return r.row
	}
	return nil
}

// endUserOf finds a profile by its session id.
func (s *store) endUserOf(session string) (EndUser, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, user := range s.users {
		if user.SessionID == session {
			return *user.clone(), true
		}
	}
	return EndUser{}, false
}

// changeEndUser puts another version of an end user into the profile and all
// rows.
func (s *store) changeEndUser(user EndUser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[user.ID] = user.clone()
	for _, r := range s.all {
		if r.row.EndUser == nil || r.row.EndUser.ID != user.ID {
			continue
		}
		changed := *r.row
		changed.EndUser = user.clone()
		s.replace(r, &changed)
	}
}
