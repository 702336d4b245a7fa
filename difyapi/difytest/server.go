package difytest

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Options of a server. The zero value is a Dify 1.14.2.
type Options struct {
	// Version is the release to behave like, "1.14.2" where empty, and what
	// X-Version says.
	Version string
	// HideVersion leaves the X-Version header out, as some proxies do.
	HideVersion bool
	// TenantID is the id of the workspace; zero stands for one that all such
	// servers have.
	TenantID uuid.UUID
	// ObjectInputs makes the run's detail tell its inputs as the value that
	// their text holds, as a rewrite of Dify's API does. Text that is no JSON stays
	// a string.
	ObjectInputs bool
	// Seed fixes the disorder among rows of one second. The n-th query of a
	// server is disordered alike in each run.
	Seed uint64
	// StableTies gives rows of one second the same order in each query whose
	// page×limit reaches half of the matching rows, as PostgreSQL does when it
	// sorts everything. Without it such queries are disordered as well, which is
	// more than PostgreSQL does.
	StableTies bool
	// KeepRequests is how many of the newest requests [Server.Requests] tells
	// of; 0 stands for 100,000.
	KeepRequests int
	// Zone is where the API's process takes itself to be; UTC where nil, which
	// unmodified releases set for themselves. Elsewhere it reads the database's UTC
	// as local time: it shows another second than the one that filters compare.
	Zone *time.Location
	// LoseAtSeam is of how many watchers of a run one misses an event between
	// the snapshot and what follows, if there is one within half a second; 0 stands
	// for none. Of real servers it is one in four.
	LoseAtSeam int
	// Now is the database's clock; time.Now where nil.
	Now func() time.Time
}

const (
	defaultVersion      = "1.14.2"
	defaultKeepRequests = 100_000
)

var defaultTenant = uuid.MustParse("6f1c9b1e-52a4-4a66-9d0f-0a4b1c0f7f11")

// Server is a Dify with one workspace. It is an [http.Handler] and safe for
// concurrent use. Make it with [New].
type Server struct {
	options   Options
	version   atomic.Pointer[string]
	hook      atomic.Pointer[func(Statement)]
	queries   atomic.Uint64 // numbers the selects, and with the seed their disorder
	faults    faults
	requests  requestLog
	mu        sync.RWMutex
	apps      map[string]*App // by API key
	addresses map[string]uuid.UUID
	lost      []Lost        // at the seams of watchers
	watchers  atomic.Uint64 // with a snapshot
	open      atomic.Int64  // streams of events
}

var _ http.Handler = (*Server)(nil)

// New makes a server without apps.
func New(options Options) *Server {
	if options.Version == "" {
		options.Version = defaultVersion
	}
	if options.TenantID == (uuid.UUID{}) {
		options.TenantID = defaultTenant
	}
	if options.KeepRequests == 0 {
		options.KeepRequests = defaultKeepRequests
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Zone == nil {
		options.Zone = time.UTC
	}
	s := &Server{
		options:   options,
		requests:  requestLog{keep: options.KeepRequests},
		apps:      map[string]*App{},
		addresses: map[string]uuid.UUID{},
	}
	s.SetVersion(options.Version)
	return s
}

// SetVersion makes the server another release, as an upgrade does. Its data
// stays.
func (s *Server) SetVersion(version string) { s.version.Store(&version) }

// newWriter writes an answer as the server's release does, in its zone.
func (s *Server) newWriter(size int) jsonWriter {
	return jsonWriter{version: s.release(), zone: s.options.Zone, buf: make([]byte, 0, size)}
}

func (s *Server) release() release { return parseRelease(*s.version.Load()) }

// AddApp adds an app. A key that another app has, or none at all, panics.
func (s *Server) AddApp(options AppOptions) *App {
	if options.Mode == "" {
		options.Mode = "workflow"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if options.ID == (uuid.UUID{}) {
		options.ID = uuid.NewSHA1(s.options.TenantID, []byte("app "+strconv.Itoa(len(s.apps))))
	}
	app := &App{options: options, server: s, store: newStore()}
	app.SetState(options.State)
	if options.APIKey == "" || s.apps[options.APIKey] != nil {
		panic("difytest: app " + options.Name + " needs an API key of its own")
	}
	s.apps[options.APIKey] = app
	return app
}

// AddAccount makes a member known to the workspace, so that the list can be
// filtered by the e-mail. Accounts of inserted rows are known without it.
func (s *Server) AddAccount(account Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addresses[account.Email] = account.ID
}

func (s *Server) knowsAddress(email string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, known := s.addresses[email]
	return known
}

func (s *Server) deletePerson(id uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for email, account := range s.addresses {
		if account == id {
			delete(s.addresses, email)
		}
	}
	for _, app := range s.apps {
		app.store.removePerson(id)
	}
}

func (s *Server) appOfKey(key string) *App {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.apps[key]
}

// ServeHTTP answers as Dify would, or as the fault at hand says. A connection
// that is to break, and one whose client has left, ends in a panic with
// [http.ErrAbortHandler], which net/http's server understands.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entry := s.requests.begin(s.describe(r))
	fault := s.faults.next(r)
	if !fault.wait(r.Context()) {
		panic(http.ErrAbortHandler) // the client has left; returning would send it a 200
	}
	if fault.replaces() {
		s.requests.end(entry, fault.Status)
		fault.write(s, w, r)
		return
	}
	reply, cut := fault.finish(s.answer(r))
	s.requests.end(entry, reply.status)
	s.stamp(w.Header())
	if reply.stream != nil {
		reply.stream(w, r, fault)
		return
	}
	reply.write(w, cut)
}

// stamp sets the headers that every answer of Dify carries, errors and HTML
// pages included.
func (s *Server) stamp(header http.Header) {
	if !s.options.HideVersion {
		header.Set("X-Version", *s.version.Load())
	}
	header.Set("X-Env", "PRODUCTION")
}
