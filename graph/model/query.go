package model

// Query is the root of all that can be asked. It has no data of its own; without it gqlgen would make one beside the program.
type Query struct{}

// Subscription is the root of what is told as it happens.
type Subscription struct{}
