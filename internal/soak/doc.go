// Package soak has one test alone: the whole service under load, over a Dify that fails, with its configuration reloaded all
// the time. Memory and goroutines must stay flat. In five seconds it finds out that it works; for figures that say something:
//
//	go test ./internal/soak -run TestSoak -v -soak 5m
package soak
