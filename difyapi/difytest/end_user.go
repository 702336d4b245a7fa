package difytest

import (
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
)

// endUser answers GET /end-users/{id}: the profile of one person, if it is of
// this app. In Dify it is api/controllers/service_api/end_user/end_user.py. There
// is no such route before 1.13.0, and none for what is no UUID with hyphens:
// the router says so, before the key is looked at.
func (s *Server) endUser(id string) endpoint {
	const hyphenated = 36
	userID, err := uuid.Parse(id)
	if err != nil || len(id) != hyphenated || !s.release().has(endUsersAdded) {
		return nil
	}
	return func(app *App, _ url.Values) answer {
		s.announce(StatementEndUser, app)
		user := app.store.endUser(userID)
		if user == nil {
			return errorAnswer(http.StatusNotFound, "end_user_not_found", "End user not found.")
		}
		return profile(app, user)
	}
}

// profile writes an end user. Unlike the list it tells is_anonymous as it is.
func profile(app *App, user *EndUser) answer {
	var w jsonWriter
	w.raw(`{"id": `).uuid(user.ID)
	w.raw(`, "tenant_id": `).uuid(app.server.options.TenantID)
	w.raw(`, "app_id": `).uuid(app.options.ID)
	w.raw(`, "type": `).text(user.Type)
	w.raw(`, "external_user_id": `)
	w.buf = appendNullable(w.buf, user.ExternalUserID)
	w.raw(`, "name": `)
	w.buf = appendNullable(w.buf, user.Name)
	w.raw(`, "is_anonymous": `).bool(user.IsAnonymous)
	w.raw(`, "session_id": `).text(user.SessionID)
	w.raw(`, "created_at": `).text(isoFormat(user.CreatedAt))
	w.raw(`, "updated_at": `).text(isoFormat(user.UpdatedAt))
	w.raw(`}`)
	return okAnswer(w.buf)
}

// isoFormat writes a time in UTC as Python writes one that knows no zone:
// microseconds are there all or not at all.
func isoFormat(t time.Time) string {
	if t = t.UTC(); t.Nanosecond() < int(time.Microsecond) {
		return t.Format("2006-01-02T15:04:05")
	}
	return t.Format("2006-01-02T15:04:05.000000")
}

// endUser returns a profile as it is now, or nil. It is never changed.
func (s *store) endUser(id uuid.UUID) *EndUser {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.users[id]
}

func (s *store) setEndUser(user *EndUser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[user.ID] = user
}

func (s *store) removeEndUsers(ids []uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		delete(s.users, id)
	}
}
