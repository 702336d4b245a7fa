package admission

import (
	"errors"
	"testing"
)

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	s := NewSubscriptions(3, 2)
	ann, bob := WithCaller(t.Context(), "ann"), WithCaller(t.Context(), "bob")
	leave, err := s.Enter(ann)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enter(ann); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enter(ann); !errors.Is(err, ErrOverloaded) {
		t.Errorf("a third of one caller: %v", err)
	}
	if _, err := s.Enter(bob); err != nil {
		t.Errorf("another caller: %v", err)
	}
	if _, err := s.Enter(bob); !errors.Is(err, ErrOverloaded) {
		t.Errorf("a fourth of all: %v", err)
	}
	leave()
	leave()
	if s.Open() != 2 {
		t.Errorf("%d are open", s.Open())
	}
	if _, err := s.Enter(bob); err != nil {
		t.Errorf("once one was left: %v", err)
	}
	s.Configure(4, 3)
	if _, err := s.Enter(bob); err != nil {
		t.Errorf("once there is more room: %v", err)
	}
	if _, err := s.Enter(ann); !errors.Is(err, ErrOverloaded) {
		t.Errorf("beyond the new limits: %v", err)
	}
}
