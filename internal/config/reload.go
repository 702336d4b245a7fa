package config

import (
	"errors"
	"fmt"
	"strings"
)

// After says why c must not come into force after before while the server
// runs; nil where it may. A file that is being written is seen half-written at
// times, and what it does not say yet must open nothing:
//
//   - Where callers had to show who they are, they still have to.
//   - The schema that was hidden stays hidden.
//   - A file that ended with the end of a line still does, and neither the file
//     nor a key is the beginning of the one before.
//
// Whoever means it restarts the server. What a file adds by name (a token, a
// scope, a host, an origin, an app) is no matter of this: a file that is cut
// names less.
func (c *Config) After(before *Config) error {
	switch {
	case before.Auth.Identifies() && !c.Auth.Identifies():
		return errors.New("auth: callers had to show who they are, and would not have to any more; that takes a restart")
	case !before.GraphQL.Introspection && c.GraphQL.Introspection:
		return errors.New("graphql.introspection: was off, and would be on; that takes a restart")
	case before.finished && !c.finished:
		return errors.New("the file does not end with the end of a line, as it did before, so that it may be half-written; add one, or restart")
	case c.text != before.text && strings.HasPrefix(before.text.Reveal(), c.text.Reveal()):
		return errors.New("the file is the beginning of the one before, so that it may be half-written; if its end is to go, change a line before it too, such as a comment, or restart")
	default:
		return c.cutKey(before)
	}
}

// cutKey finds a key of which its file has the beginning alone.
func (c *Config) cutKey(before *Config) error {
	keys := make(map[string]string, len(before.Apps))
	for _, app := range before.Apps {
		keys[app.Key] = app.APIKey.Reveal()
	}
	for i, app := range c.Apps {
		now, was := app.APIKey.Reveal(), keys[app.Key]
		if now != was && strings.HasPrefix(was, now) {
			return fmt.Errorf("apps[%d].apiKey: is the beginning of the key before, so that its file may be half-written", i)
		}
	}
	return nil
}
