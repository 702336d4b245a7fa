//go:build !race

package soak

func raceFlags() []string { return nil }
