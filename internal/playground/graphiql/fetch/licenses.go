package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// writeLicenses gathers the licence of every installed package in one file. The scripts have many packages bundled into
// them, and their licences want their texts to go where the code goes.
func writeLicenses(modules, file string, out io.Writer) error {
	var text bytes.Buffer
	count := 0
	err := filepath.WalkDir(modules, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "package.json" {
			return err
		}
		written, err := writeLicense(&text, path)
		count += written
		return err
	})
	if err != nil {
		return fmt.Errorf("licences: %w", err)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: of %d packages\n", file, count)
	return nil
}

// writeLicense writes the name, version, licence and licence text of the package that manifest describes, and returns 1;
// 0 for a package.json that only configures a folder of a package.
func writeLicense(w io.Writer, manifest string) (int, error) {
	content, err := os.ReadFile(manifest)
	if err != nil {
		return 0, err
	}
	var about struct{ Name, Version, License string }
	// Some folders inside packages have a package.json with other shapes; they are no packages.
	isPackage := json.Unmarshal(content, &about) == nil && about.Version != ""
	if !isPackage {
		return 0, nil
	}
	fmt.Fprintf(w, "%s %s (%s)\n\n", about.Name, about.Version, about.License)
	return 1, writeLicenseText(w, filepath.Dir(manifest))
}

var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)(\..*)?$`)

func writeLicenseText(w io.Writer, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() || !licenseFile.MatchString(entry.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\n\n", bytes.TrimSpace(content))
	}
	return nil
}
