//go:build race

package soak

// raceFlags builds the program with the race detector where the test was.
func raceFlags() []string { return []string{"-race"} }
