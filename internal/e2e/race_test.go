//go:build race

package e2e

// raceFlags builds the program with the race detector where the test was.
func raceFlags() []string { return []string{"-race"} }
