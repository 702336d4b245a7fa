package model

// DifygraphViewer is who asks, and what they may see.
type DifygraphViewer struct {
	// Name is nil where callers have no names.
	Name   *string
	Scopes []string
	Apps   []*DifyApp
}
