package difytest

import "net/url"

// info answers GET /info: what the app is.
func (s *Server) info(app *App, _ url.Values) answer {
	version := s.release()
	body := append([]byte(nil), `{"name": `...)
	body = appendString(body, app.options.Name)
	body = append(body, `, "description": `...)
	body = appendNullable(body, app.options.Description)
	body = append(body, `, "tags": [`...)
	for i, tag := range app.options.Tags {
		if i > 0 {
			body = append(body, ", "...)
		}
		body = appendString(body, tag)
	}
	body = append(body, ']')
	if version.has(infoModeAdded) {
		body = append(body, `, "mode": `...)
		body = appendString(body, app.options.Mode)
	}
	if version.has(infoAuthorAdded) {
		body = append(body, `, "author_name": `...)
		body = appendNullable(body, app.options.AuthorName)
	}
	return okAnswer(append(body, '}'))
}
