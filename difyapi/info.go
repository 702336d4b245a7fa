package difyapi

import "context"

const infoPath = "/info"

// AppInfo is what Dify tells of the app that a key belongs to.
type AppInfo struct {
	Name        *string  `json:"name"`
	Description *string  `json:"description"`
	Tags        []string `json:"tags"`
	// Mode is workflow, advanced-chat, chat, agent-chat, completion or a newer value; Dify 1.4.0 or newer. Only apps of
	// mode workflow have entries in the log.
	Mode *string `json:"mode"`
	// AuthorName is from Dify 1.4.3 on.
	AuthorName *string `json:"author_name"`

	Unreadable Unreadable `json:"-"`

	Receipt `json:"-"`
}

// Info reads the app's description: GET /info.
func (c *Client) Info(ctx context.Context) (*AppInfo, error) {
	got, err := c.get(ctx, infoPath, "")
	if answeredByDify(err) {
		c.asked.Store(true)
	}
	if err != nil {
		return nil, err
	}
	info, unreadable, err := decode[AppInfo](got, infoPath)
	if err != nil {
		return nil, err
	}
	info.Receipt, info.Unreadable = got.receipt(unreadable), topLevel(unreadable)
	if info.Name == nil && info.Tags == nil {
		return nil, got.notTheAPI(infoPath, &fault{"name", "is missing, and tags are"})
	}
	return info, nil
}
