package playground

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"

	"github.com/difygraph/difygraph/internal/playground/graphiql"
)

//go:embed web
var web embed.FS

// pageFile is the HTML template of each UI; every other file of its folder is served as it is.
const pageFile = "index.html"

// A ui is one way to show the playground: a page and the files that it loads.
type ui struct {
	folders []fs.FS
	// policy is the page's Content-Security-Policy. It makes the browser hold what the page promises: to ask no other host.
	policy string
}

// chooseUI takes GraphiQL if bundle has all of it. Half a bundle would be a dead page, so it counts as none.
func chooseUI(bundle fs.FS) ui {
	if graphiql.Complete(bundle) {
		return ui{
			folders: []fs.FS{webFolder("web/graphiql"), webFolder("web"), bundle},
			// GraphiQL sets styles in elements that it makes, and its style sheet holds fonts and icons as data URLs.
			policy: basePolicy + "; style-src 'self' 'unsafe-inline'; font-src data:; img-src 'self' data:",
		}
	}
	return ui{folders: []fs.FS{webFolder("web/plain"), webFolder("web")}, policy: basePolicy + "; style-src 'self'; img-src 'self'"}
}

const basePolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mustLoad gathers the UI's files and the settings that its scripts read. What can fail is what the binary embeds, so a
// failure is a mistake in the build.
func (f ui) mustLoad(options Options) *files {
	content := map[string][]byte{"settings.json": mustEncodeSettings(options)}
	for _, folder := range f.folders {
		read, err := readFiles(folder)
		if err != nil {
			panic(fmt.Errorf("playground: embedded files: %w", err))
		}
		maps.Copy(content, read)
	}
	return newFiles(content)
}

// mustRender writes the page for files under the given digest.
func (f ui) mustRender(options Options, digest string) *page {
	parsed := template.Must(template.ParseFS(f.folders[0], pageFile))
	var body bytes.Buffer
	err := parsed.Execute(&body, map[string]string{
		"Title":  options.Title,
		"Notice": options.Notice,
		"Files":  "/playground/" + digest + "/",
	})
	if err != nil {
		panic(fmt.Errorf("playground: page: %w", err))
	}
	return newPage(body.Bytes(), f.policy)
}

// mustEncodeSettings is what the scripts know of the options. It is a file of its own because a strict policy allows no
// script inside the page.
func mustEncodeSettings(options Options) []byte {
	settings, err := json.Marshal(map[string]any{"endpoint": options.Endpoint, "examples": options.Examples})
	if err != nil {
		panic(fmt.Errorf("playground: settings: %w", err))
	}
	return settings
}

func webFolder(path string) fs.FS {
	folder, err := fs.Sub(web, path)
	if err != nil {
		panic(err) // Both paths are constants above.
	}
	return folder
}

// readFiles reads the files right in folder, by name, without templates and dot files.
func readFiles(folder fs.FS) (map[string][]byte, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, err
	}
	content := make(map[string][]byte, len(entries))
	for _, entry := range entries {
		if !isServed(entry) {
			continue
		}
		if content[entry.Name()], err = fs.ReadFile(folder, entry.Name()); err != nil {
			return nil, err
		}
	}
	return content, nil
}

func isServed(entry fs.DirEntry) bool {
	name := entry.Name()
	return !entry.IsDir() && name != pageFile && name[0] != '.'
}
