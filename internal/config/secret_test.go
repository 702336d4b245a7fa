package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretIsNeverShown(t *testing.T) {
	t.Parallel()
	secret := NewSecret(sentinel)
	cfg := defaults(nil)
	hidden := struct{ inside Secret }{secret}
	var shown bytes.Buffer
	for _, value := range []any{secret, &secret, cfg, *cfg, cfg.Apps, cfg.Apps[0], map[Secret]Secret{secret: secret}, hidden, &hidden} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t"} {
			fmt.Fprintf(&shown, verb+"\n", value)
		}
		fmt.Fprintln(&shown, value)
		slog.New(slog.NewTextHandler(&shown, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&shown, nil)).Info("json", "value", value)
	}
	if err := json.NewEncoder(&shown).Encode(cfg); err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{sentinel, fmt.Sprintf("%x", sentinel), fmt.Sprintf("%X", sentinel)} {
		if at := strings.Index(shown.String(), leak); at >= 0 {
			t.Errorf("shown: …%s", shown.String()[max(0, at-80):at+len(leak)])
		}
	}
}

func TestSecretForms(t *testing.T) {
	t.Parallel()
	for _, secret := range []Secret{{}, NewSecret(sentinel)} {
		inJSON, err := secret.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		text, err := secret.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		for form, got := range map[string]string{
			"String": secret.String(), "GoString": secret.GoString(), "%x": fmt.Sprintf("%x", secret),
			"MarshalText": string(text), "LogValue": secret.LogValue().String(),
		} {
			if got != "[secret]" {
				t.Errorf("%s gives %q", form, got)
			}
		}
		if string(inJSON) != `"[secret]"` {
			t.Errorf("MarshalJSON gives %s", inJSON)
		}
	}
}

func TestSecretReveal(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", sentinel} {
		if got := NewSecret(text).Reveal(); got != text {
			t.Errorf("Reveal gives %q for %q", got, text)
		}
	}
	secret := NewSecret("a")
	if secret != NewSecret("a") || secret == NewSecret("b") || NewSecret("") != (Secret{}) {
		t.Error("secrets are not equal as their texts are")
	}
}
