package difytest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// workflowRun answers GET /workflows/run/{id}: one run, with what went in and
// what came out. In Dify it is api/controllers/service_api/app/workflow.py.
func (s *Server) workflowRun(id string) endpoint {
	return func(app *App, _ url.Values) answer {
		version := s.release()
		if !app.showsRuns(version) {
			return errorAnswer(http.StatusBadRequest, "not_workflow_app", "Please check if your app mode matches the right API route.")
		}
		runID, err := uuid.Parse(id)
		if err != nil {
			return unknownError() // PostgreSQL compares a uuid with nothing else
		}
		s.announce(StatementRun, app)
		run := s.findRun(version, app, runID)
		if run == nil {
			return unknownRun(version)
		}
		return s.runDetail(version, run)
	}
}

// showsRuns says whether the app's mode lets its runs be asked for by id.
func (a *App) showsRuns(version release) bool {
	return a.options.Mode == "workflow" || a.options.Mode == "advanced-chat" && version.has(chatflowRunsShown)
}

// findRun returns a run as it is now, or nil. Old servers look for it in all
// apps, whosever key was sent.
func (s *Server) findRun(version release, app *App, id uuid.UUID) *Run {
	if version.has(runsScoped) {
		return app.store.run(id)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, each := range s.apps {
		if run := each.store.run(id); run != nil {
			return run
		}
	}
	return nil
}

// unknownRun is the answer where no run has the id. Before 1.13.0 it is a run
// of which nothing is known, and 1.13.0 itself stumbles over it.
func unknownRun(version release) answer {
	const nothing = `{"id": null, "workflow_id": null, "status": null, "inputs": null, "outputs": null, "error": null, ` +
		`"total_steps": null, "total_tokens": null, "created_at": null, "finished_at": null, "elapsed_time": null}`
	switch {
	case version.has(unknownRunIs404):
		return errorAnswer(http.StatusNotFound, "not_found", "Workflow run not found.")
	case version.has(outputsDecoded):
		return unknownError()
	default:
		return okAnswer([]byte(nothing))
	}
}

// runDetail writes a run as a release does. Outputs that a release cannot
// decode are an error of Python's, which Dify takes for one of the request.
func (s *Server) runDetail(version release, run *Run) answer {
	if version.has(outputsDecoded) && !decodable(run) {
		return invalidParam("Expecting value: line 1 column 1 (char 0)")
	}
	w := s.newWriter(512)
	w.raw(`{"id": `).uuid(run.ID)
	w.raw(`, "workflow_id": `).uuid(run.WorkflowID)
	w.raw(`, "status": `).text(run.Status)
	w.raw(`, "inputs": `).inputs(run, s.options.ObjectInputs)
	w.raw(`, "outputs": `).outputs(run)
	w.raw(`, "error": `)
	w.buf = appendNullable(w.buf, run.Error)
	w.raw(`, "total_steps": `).int(int64(run.TotalSteps))
	w.raw(`, "total_tokens": `).int(run.TotalTokens)
	w.raw(`, "created_at": `).runTime(run.CreatedAt)
	w.raw(`, "finished_at": `).runTime(run.FinishedAt)
	w.raw(`, "elapsed_time": `)
	w.buf = appendFloat(w.buf, run.ElapsedTime)
	w.raw(`}`)
	return okAnswer(w.buf)
}

// decodable says whether a release that decodes outputs can. It does not look
// at those of a paused run.
func decodable(run *Run) bool {
	return run.Outputs == "" || run.Status == StatusPaused || json.Valid([]byte(run.Outputs))
}

func (w *jsonWriter) inputs(run *Run, asValue bool) {
	if asValue && json.Valid([]byte(run.Inputs)) {
		w.raw(run.Inputs)
		return
	}
	w.stored(run.Inputs)
}

// outputs writes the stored text, or from 1.13.0 on the value in it: {} for
// what Python takes for false, and from 1.14.0 on for all that is no object.
func (w *jsonWriter) outputs(run *Run) {
	value := strings.TrimSpace(run.Outputs)
	untrue := []string{"", "null", "false", "0", "0.0", `""`, "[]"}
	switch {
	case !w.version.has(outputsDecoded):
		w.stored(run.Outputs)
	case run.Status == StatusPaused, slices.Contains(untrue, value),
		w.version.has(outputsAreObjects) && value[0] != '{':
		w.raw(`{}`)
	default:
		w.raw(value)
	}
}

// stored writes a column of text, which is null where it is empty.
func (w *jsonWriter) stored(text string) {
	if text == "" {
		w.raw(`null`)
		return
	}
	w.text(text)
}

// runTime writes seconds since 1970, or before 1.2.0 a date as e-mail has it.
func (w *jsonWriter) runTime(t time.Time) {
	if t.IsZero() || w.version.has(runTimesAreNumbers) {
		w.time(t)
		return
	}
	w.text(t.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0000"))
}
