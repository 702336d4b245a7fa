package difytest

// Statement is a step of the database work behind one answer.
type Statement struct {
	Kind StatementKind
	App  *App
}

// StatementKind names the steps.
type StatementKind int

// The steps. A list takes three, in this order: Count counts the matching
// rows, Select sorts them and takes the page, Load reads the runs and people of
// the page's rows, as they are by then. A run's detail takes Run alone, and an
// end user's profile EndUser.
const (
	StatementCount StatementKind = iota
	StatementSelect
	StatementLoad
	StatementRun
	StatementEndUser
)

func (k StatementKind) String() string {
	return [...]string{"count", "select", "load", "run", "end user"}[k]
}

// OnStatement sets a function that is called before each statement, with no
// lock held: it may change any app, or make requests of its own. nil removes it.
// It runs on the goroutine of the request, so several at once for requests side
// by side.
func (s *Server) OnStatement(hook func(Statement)) {
	if hook == nil {
		s.hook.Store(nil)
		return
	}
	s.hook.Store(&hook)
}

func (s *Server) announce(kind StatementKind, app *App) {
	if hook := s.hook.Load(); hook != nil {
		(*hook)(Statement{Kind: kind, App: app})
	}
}
