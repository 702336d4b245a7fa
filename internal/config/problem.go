package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// File is the path of the configuration file as it was given, empty where
	// the mistake is in the environment.
	File string

	// Line and Column count from 1, columns in characters. Both are 0 where
	// the mistake is in the environment.
	Line, Column int

	// Path names the value, such as apps[1].key, or the environment variable.
	// Empty is the file as a whole.
	Path string

	// Message says what would be right. It holds no value of the file.
	Message string
}

// Error gives file:line:column: path: message, without the parts that are empty.
func (m Problem) Error() string {
	var b strings.Builder
	if m.File != "" {
		fmt.Fprintf(&b, "%s:%d:%d: ", m.File, m.Line, m.Column)
	}
	if m.Path != "" {
		b.WriteString(m.Path + ": ")
	}
	b.WriteString(m.Message)
	return b.String()
}

// Problems are all that is wrong with a configuration: first the environment,
// then the file from top to bottom.
type Problems []Problem

// Error gives one mistake a line.
func (m Problems) Error() string {
	lines := make([]string, len(m))
	for i, mistake := range m {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each [Mistake] for errors.As.
func (m Problems) Unwrap() []error {
	causes := make([]error, len(m))
	for i, mistake := range m {
		causes[i] = mistake
	}
	return causes
}

// place is where a value comes from: a position in the file, or a variable.
type place struct {
	line, column int
	variable     string
}

// report gathers mistakes, and where each value that was given stands.
type report struct {
	file     string
	places   map[string]place
	reported map[string]bool // paths that have their mistake
	misspelt map[string]bool // paths that a wrong name seems to mean
	problems Problems
}

func newReport(file string) *report {
	return &report{
		file:     file,
		places:   map[string]place{"": {line: 1, column: 1}},
		reported: map[string]bool{},
		misspelt: map[string]bool{},
	}
}

// given tells whether the path has a value of its own, not a default.
func (r *report) given(path string) bool {
	_, ok := r.places[path]
	return ok
}

// nearest is the place of the path, or of the innermost value around it.
func (r *report) nearest(path string) place {
	for !r.given(path) {
		path = parent(path)
	}
	return r.places[path]
}

// require adds a mistake of the path. The first mistake of a value is the only
// one, and speaks for all that is inside: a list that should have been a
// mapping must not be told in addition that its fields are missing.
func (r *report) require(path, message string) {
	if r.settled(path) {
		return
	}
	r.reported[path] = true
	r.add(path, r.nearest(path), message)
}

// settled tells whether the path, or a value around it, has its mistake.
func (r *report) settled(path string) bool {
	return r.reported[path] || path != "" && r.settled(parent(path))
}

// faultyInside tells whether something inside of the value has a mistake, so
// that what the value lacks may be what is wrong there.
func (r *report) faultyInside(path string) bool {
	for _, paths := range []map[string]bool{r.reported, r.misspelt} {
		for inside := range paths {
			if strings.HasPrefix(inside, path+".") {
				return true
			}
		}
	}
	return false
}

// missing adds the mistake that a value is not there, unless it is there under
// a wrong name, which has its own mistake.
func (r *report) missing(path, message string) {
	if !r.misspelt[path] {
		r.require(path, message)
	}
}

// add adds a mistake that says nothing about the value of the path.
func (r *report) add(path string, at place, message string) {
	if at.variable != "" {
		r.problems = append(r.problems, Problem{Path: at.variable, Message: message})
		return
	}
	r.problems = append(r.problems, Problem{File: r.file, Line: at.line, Column: at.column, Path: path, Message: message})
}

// err is the mistakes in the order of the type's promise, or nil.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return r.problems
}

// parent cuts the last step off: apps[1].key, apps[1], apps, "".
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// child adds a step.
func child(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
