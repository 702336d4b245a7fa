package admission

import "slices"

// fairQueue is where operations wait for a slot. Callers take turns; the operations of one caller keep their order.
type fairQueue struct {
	waiting map[string][]*Operation
	order   []string // the callers of waiting, the next first
	length  int
}

func (l *fairQueue) push(o *Operation) {
	if l.waiting == nil {
		l.waiting = make(map[string][]*Operation)
	}
	if l.waiting[o.caller] == nil {
		l.order = append(l.order, o.caller)
	}
	l.waiting[o.caller] = append(l.waiting[o.caller], o)
	l.length++
}

// pop takes the first operation of the first caller that may have a slot, who is the last one then; nil if there is none.
func (l *fairQueue) pop(may func(caller string) bool) *Operation {
	i := slices.IndexFunc(l.order, may)
	if i < 0 {
		return nil
	}
	caller := l.order[i]
	first := l.waiting[caller][0]
	l.order = append(slices.Delete(l.order, i, i+1), caller)
	l.remove(first)
	return first
}

// remove takes an operation out, wherever it stands; if it stands there.
func (l *fairQueue) remove(o *Operation) {
	queue := l.waiting[o.caller]
	i := slices.Index(queue, o)
	if i < 0 {
		return
	}
	l.length--
	if len(queue) > 1 {
		l.waiting[o.caller] = slices.Delete(queue, i, i+1)
		return
	}
	delete(l.waiting, o.caller)
	l.order = slices.DeleteFunc(l.order, func(caller string) bool { return caller == o.caller })
}
