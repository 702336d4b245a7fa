package difytest

// Statement is a step of the database work behind one answer of the list.
type Statement struct {
	Kind StatementKind
	App  *App
}

// StatementKind names the steps.
type StatementKind int

// The steps, in order. Count counts the matching rows. Select sorts them and
// takes the page. Load reads the runs and people of the page's rows, as they
// are by then.
const (
	StatementCount StatementKind = iota
	StatementSelect
	StatementLoad
)

func (k StatementKind) String() string {
	return [...]string{"count", "select", "load"}[k]
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
