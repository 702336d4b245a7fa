package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// fields are the names that a mapping of the file may have.
type fields struct {
	names []string
	index map[string]int // of the struct's field
}

func fieldsOf(structure reflect.Type) fields {
	f := fields{index: map[string]int{}}
	for i := range structure.NumField() {
		if name, ok := structure.Field(i).Tag.Lookup("yaml"); ok && name != "-" {
			f.names = append(f.names, name)
			f.index[name] = i
		}
	}
	return f
}

// list is the names for the end of a sentence.
func (f fields) list() string { return strings.Join(f.names, ", ") }

// closest is the field that a wrong name most likely means, if any is near.
func (f fields) closest(wrong string) (string, bool) {
	if now := renamed[wrong]; slices.Contains(f.names, now) {
		return now, true
	}
	best, bestDistance := "", maxDistance+1
	for _, name := range f.names {
		distance := levenshtein.ComputeDistance(bare(wrong), bare(name))
		// Half of the letters must be right: a key of three letters is two
		// away from any other.
		if distance < bestDistance && 2*distance <= len(name) {
			best, bestDistance = name, distance
		}
	}
	return best, best != ""
}

// renamed are fields of files that were written for an older version.
var renamed = map[string]string{"maxInFlightPerServer": "connectionsPerServer"}

// maxDistance is how many letters may be wrong, missing or too many.
const maxDistance = 2

// bare takes the spelling habits of other languages off: api_key, API-Key.
func bare(name string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
}

// newConfig is a Config of defaults.
func newConfig() *Config {
	var cfg Config
	setDefaults(reflect.ValueOf(&cfg).Elem())
	return &cfg
}

// newApp is an App of defaults.
func newApp() App {
	var app App
	setDefaults(reflect.ValueOf(&app).Elem())
	return app
}

// setDefaults gives each field of the struct the value of its default tag.
func setDefaults(structure reflect.Value) {
	for i := range structure.NumField() {
		field := structure.Field(i)
		if text, ok := structure.Type().Field(i).Tag.Lookup("default"); ok {
			assign(field.Addr().Interface(), text)
		} else if field.Kind() == reflect.Struct && field.Type() != reflect.TypeFor[Secret]() {
			setDefaults(field)
		}
	}
}
