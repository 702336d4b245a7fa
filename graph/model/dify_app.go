package model

// DifyApp is an app as the configuration names it. What Dify tells of it takes a call, and is resolved elsewhere.
type DifyApp struct {
	// Key is unique among the configured apps, at most 64 characters of [a-z0-9-].
	Key string
	// ConfiguredName is shown instead of the name in Dify; empty if there is none.
	ConfiguredName string
	// Failure is why a list could not read the app, in the list's report; else nil.
	Failure error
}

// IsNode says that the app can be fetched again.
func (*DifyApp) IsNode() {}

// ID is the app's id.
func (a *DifyApp) ID() string { return a.NodeID().String() }

// NodeID is what the id says.
func (a *DifyApp) NodeID() ID { return ID{Kind: KindApp, App: a.Key} }
