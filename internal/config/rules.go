package config

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
)

// expectations say for each field what would be right. A wrong type and a
// broken rule get the same sentence.
var expectations = map[string]string{
	"listen":                "must be a host and a port, such as 127.0.0.1:8080",
	"auth":                  "must be none, or be left out",
	"apps":                  "must be a list of at least one app",
	"apps.key":              "must be 1 to 64 of the characters a-z, 0-9 and -",
	"apps.name":             "must be a text",
	"apps.baseURL":          "must be an absolute http or https URL without user, query and fragment, such as https://api.dify.ai/v1",
	"apps.apiKey":           "must be the key of a Dify app, without blanks",
	"apps.apiKeyFile":       "must be the path of a file that holds the key of a Dify app and nothing else, relative to the folder of this file",
	"apps.version":          "must be a Dify version, such as 1.14.2",
	"apps.maxInFlight":      "must be a whole number from 1 to 1000",
	"apps.timeout":          "must be a duration from 1ms to 10m, such as 30s",
	"limits.scanCalls":      "must be a whole number from 1 to 1000",
	"limits.scanDetails":    "must be a whole number from 1 to 10000",
	"limits.operationBytes": "must be a whole number of bytes from 1048576 (1 MiB) to 17179869184 (16 GiB)",
	"cache.ttl":             "must be a duration from 0 to 10m, such as 2s; 0 switches the cache off",
}

var listIndex = regexp.MustCompile(`\[\d+\]`)

// expectation is what would be right at the path of a field.
func expectation(path string) string {
	return expectations[listIndex.ReplaceAllString(path, "")]
}

// check reports every rule that cfg breaks.
func check(cfg *Config, found *report) {
	if len(cfg.Apps) == 0 && !cfg.Demo {
		blameValue("apps", found)
	}
	// Anything but ValidationErrors is a fault of the tags, which every test
	// of this package would meet.
	if broken, ok := errors.AsType[validator.ValidationErrors](rules.Struct(cfg)); ok {
		for _, field := range broken {
			_, path, _ := strings.Cut(field.Namespace(), ".")
			blameValue(path, found)
		}
	}
	checkKeysUnique(cfg.Apps, found)
	checkReach(cfg, found)
}

// blameValue reports a value that breaks its field's rule, or is not there.
func blameValue(path string, found *report) {
	if found.given(path) {
		found.blame(path, expectation(path))
		return
	}
	found.missing(path, "is missing; it "+expectation(path))
}

func checkKeysUnique(apps []App, found *report) {
	first := map[string]string{}
	for i, app := range apps {
		path := fmt.Sprintf("apps[%d].key", i)
		if other, taken := first[app.Key]; taken {
			at := found.nearest(other)
			found.blame(path, fmt.Sprintf("must be unique; %s at line %d, column %d is the same", other, at.line, at.column))
			continue
		}
		first[app.Key] = path
	}
}

// rules are the validate tags of Config.
var rules = newRules()

func newRules() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(field reflect.StructField) string { return field.Tag.Get("yaml") })
	v.RegisterCustomTypeFunc(func(field reflect.Value) any { return field.Interface().(Secret).Reveal() }, Secret{})
	for tag, holds := range map[string]func(string) bool{
		"appkey":      appKey.MatchString,
		"apikey":      isAPIKey,
		"baseurl":     isBaseURL,
		"difyversion": difyVersion.MatchString,
		"hostport":    isHostPort,
	} {
		// The only errors are an empty tag and a missing function.
		_ = v.RegisterValidation(tag, func(field validator.FieldLevel) bool { return holds(field.Field().String()) })
	}
	return v
}

var (
	appKey = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

	// As in releases of Dify: 1.14.2, 1.0.0-beta.1.
	difyVersion = regexp.MustCompile(`^\d{1,4}\.\d{1,4}\.\d{1,4}(-[0-9A-Za-z.-]{1,32})?$`)

	// What a bearer token may hold of ASCII. The rest can't travel in a header
	// or is a blank that was pasted along.
	apiKey = regexp.MustCompile(`^[!-~]+$`)
)

func isAPIKey(text string) bool { return apiKey.MatchString(text) }

func isBaseURL(text string) bool {
	address, err := url.Parse(text)
	return err == nil &&
		(address.Scheme == "http" || address.Scheme == "https") &&
		address.Hostname() != "" && address.User == nil &&
		(address.Port() == "" || isPort(address.Port())) &&
		!strings.ContainsAny(text, "?# ")
}

// isPort tells whether text is a port number. 0 lets the system choose one.
func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}
