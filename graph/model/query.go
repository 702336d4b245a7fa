package model

// Query is the root of all that can be asked. It has no data of its own.
type Query struct{}
