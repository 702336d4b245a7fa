// Command fetch installs GraphiQL and React with npm, in the versions and with the hashes of package-lock.json, and copies
// what the playground embeds into the folder bundle. Run it by `go generate ./internal/playground`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/difygraph/difygraph/internal/playground/graphiql"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fetch: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: fetch FOLDER, the one with package-lock.json and bundle")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Stdout); err != nil {
		stop()
		log.Fatal(err)
	}
}

// run fills folder/bundle and says on out what it put there.
func run(ctx context.Context, folder string, out io.Writer) (err error) {
	// The packages go to a folder of their own: node_modules in a Go module is what go vet, linters and editors stumble over.
	work, err := os.MkdirTemp("", "difygraph-graphiql-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := install(ctx, folder, work, out); err != nil {
		return err
	}
	return fillBundle(filepath.Join(work, "node_modules"), filepath.Join(folder, "bundle"), out)
}

// install makes work/node_modules. npm refuses a package whose content has another hash than the lockfile says.
func install(ctx context.Context, folder, work string, out io.Writer) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("npm is needed to build GraphiQL in (it comes with Node.js); without it the playground is our own page")
	}
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		if _, err := copyFile(filepath.Join(folder, name), filepath.Join(work, name)); err != nil {
			return err
		}
	}
	command := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	command.Dir, command.Stdout, command.Stderr = work, out, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	return nil
}

// fillBundle replaces the bundle's files. The playground takes a bundle only if it is whole, so one that stops half way
// leaves our own page, not a broken one.
func fillBundle(modules, bundle string, out io.Writer) error {
	if err := empty(bundle); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(graphiql.Files)) {
		size, err := copyFile(filepath.Join(modules, graphiql.Files[name]), filepath.Join(bundle, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %d bytes from %s\n", filepath.Join(bundle, name), size, graphiql.Files[name])
	}
	return writeLicenses(modules, filepath.Join(bundle, graphiql.LicensesFile), out)
}

// empty removes all but the .gitignore that keeps the folder.
func empty(bundle string) error {
	entries, err := os.ReadDir(bundle)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == ".gitignore" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(bundle, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (size int, err error) {
	content, err := os.ReadFile(from)
	if err != nil {
		return 0, err
	}
	return len(content), os.WriteFile(to, content, 0o644)
}
