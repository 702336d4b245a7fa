package config

import (
	"errors"
	"regexp"
)

var (
	// A reference is $${ (a plain ${), or ${ with all up to the }, if there is one.
	reference    = regexp.MustCompile(`\$\$\{|\$\{([^}]*)(\}?)`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

	errReference = errors.New("has a ${ that no variable name and } follow; write $${ for a plain ${")
)

// expand replaces each ${NAME} in text by the variable NAME. The error speaks
// of the first reference that names none; it repeats no more of the text than
// a variable's name.
func expand(text string, variables map[string]string) (string, error) {
	var failure error
	expanded := reference.ReplaceAllStringFunc(text, func(found string) string {
		value, err := dereference(found, variables)
		if failure == nil {
			failure = err
		}
		return value
	})
	return expanded, failure
}

func dereference(found string, variables map[string]string) (string, error) {
	parts := reference.FindStringSubmatch(found)
	name, closed := parts[1], parts[2] != ""
	switch value, set := variables[name]; {
	case found == "$${":
		return "${", nil
	case !closed || !variableName.MatchString(name):
		return "", errReference
	case !set:
		return "", errors.New("the environment variable " + name + " is not set")
	default:
		return value, nil
	}
}
