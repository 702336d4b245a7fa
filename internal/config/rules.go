package config

import (
	"errors"
	"reflect"
	"regexp"
	"strings"

	"github.com/go-playground/validator/v10"
)

// check reports every rule that cfg breaks.
func check(cfg *Config, found *report) {
	if len(cfg.Apps) == 0 && !cfg.Demo {
		reportValue("apps", found)
	}
	// Anything but ValidationErrors is a fault of the tags, which every test
	// of this package would meet.
	if broken, ok := errors.AsType[validator.ValidationErrors](rules.Struct(cfg)); ok {
		for _, field := range broken {
			_, path, _ := strings.Cut(field.Namespace(), ".")
			reportValue(path, found)
		}
	}
	checkUniqueness(cfg, found)
	checkAuth(cfg.Auth, found)
	checkReach(cfg, found)
}

// blameValue reports a value that breaks its field's rule, or is not there.
func reportValue(path string, found *report) {
	if found.given(path) {
		found.require(path, requirement(path))
		return
	}
	found.missing(path, "is missing; it "+requirement(path))
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
		"apppattern":  isAppPattern,
		"baseurl":     isBaseURL,
		"callername":  callerName.MatchString,
		"difyversion": difyVersion.MatchString,
		"header":      isHeaderName,
		"hostname":    isHostName,
		"hostport":    isHostPort,
		"issuerurl":   isIssuerURL,
		"jwksurl":     isGuardedURL,
		"origin":      isOrigin,
		"scope":       isScope,
		"sha256":      sha256Hex.MatchString,
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

// headerName is as RFC 9110 has them.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")

// isHeaderName wants the name of one header: to browsers a * of its own is all of them.
func isHeaderName(text string) bool { return text != "*" && headerName.MatchString(text) }

func isAPIKey(text string) bool { return apiKey.MatchString(text) }
