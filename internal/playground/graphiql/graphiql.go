// Package graphiql holds GraphiQL and React where they are built in.
//
// None of their code is in the repository. `go generate ./internal/playground` installs the packages that
// package-lock.json pins, and copies Files into the folder bundle, which git ignores and this package embeds.
package graphiql

import (
	"embed"
	"io/fs"
)

// The folder has a .gitignore that is committed, and "all:" takes it in: the pattern matches in a clean clone too.
//
//go:embed all:bundle
var embedded embed.FS

// Files names the bundle's files, and says where in node_modules each of them comes from.
var Files = map[string]string{
	"react.js":     "react/umd/react.production.min.js",
	"react-dom.js": "react-dom/umd/react-dom.production.min.js",
	"graphiql.js":  "graphiql/graphiql.min.js",
	"graphiql.css": "graphiql/graphiql.min.css",
}

// LicensesFile is the bundle's file with the licence texts of all packages that went into it.
const LicensesFile = "licenses.txt"

// Bundle returns the folder of Files and LicensesFile as it was when the binary was built; it is without them in a build
// from a clean clone, which [Complete] tells.
func Bundle() fs.FS {
	bundle, err := fs.Sub(embedded, "bundle")
	if err != nil {
		panic(err) // "bundle" is a valid path, so fs.Sub has nothing to complain about.
	}
	return bundle
}

// Complete reports whether bundle has every one of Files, and LicensesFile, without which they may not be handed on.
func Complete(bundle fs.FS) bool {
	for name := range Files {
		if !has(bundle, name) {
			return false
		}
	}
	return has(bundle, LicensesFile)
}

func has(bundle fs.FS, name string) bool {
	_, err := fs.Stat(bundle, name)
	return err == nil
}
