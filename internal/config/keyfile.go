package config

import (
	"fmt"
	"path/filepath"
	"strings"
)

// readKeyFiles fills in the keys of the apps that name a file for theirs, and
// sees that each app has exactly one source of its key.
func readKeyFiles(src Source, cfg *Config, found *report) {
	for i := range cfg.Apps {
		path := fmt.Sprintf("apps[%d]", i)
		switch inline, file := found.given(path+".apiKey"), found.given(path+".apiKeyFile"); {
		case inline && file:
			found.require(path+".apiKeyFile", "must not stand beside apiKey; give one of the two")
		case !inline && !file:
			found.misspelt[path+".apiKey"] = found.misspelt[path+".apiKey"] || found.misspelt[path+".apiKeyFile"]
			found.missing(path+".apiKey", "is missing; give the app's key, or as apiKeyFile the file that holds it")
		case file:
			found.places[path+".apiKey"] = found.places[path+".apiKeyFile"]
			readKeyFile(src, &cfg.Apps[i], path, found)
		}
	}
}

// readKeyFile reads the file of one app. Its path is relative to the folder of
// the configuration, so that the two can move together.
func readKeyFile(src Source, app *App, path string, found *report) {
	fail := func(message string) {
		found.require(path+".apiKeyFile", message)
		found.reported[path+".apiKey"] = true
	}
	if app.APIKeyFile == "" {
		fail(requirement(path + ".apiKeyFile"))
		return
	}
	if !filepath.IsAbs(app.APIKeyFile) {
		app.APIKeyFile = filepath.Join(filepath.Dir(src.Path), app.APIKeyFile)
	}
	content, err := src.ReadFile(app.APIKeyFile)
	if err != nil {
		fail(requirement(path+".apiKeyFile") + "; " + readFailure(err))
		return
	}
	app.APIKey = NewSecret(strings.TrimRight(string(content), "\r\n"))
	if !isAPIKey(app.APIKey.Reveal()) {
		fail(requirement(path + ".apiKeyFile"))
	}
}
