package difytest

import (
	"fmt"

	"github.com/google/uuid"
)

// scenario is what the runs of an app are about.
type scenario struct {
	version    string    // of the workflow: when it was published
	workflowID uuid.UUID // of that version
	topics     []topic
	errors     []string
}

// topic is a pair of what goes into a run and what comes out.
type topic struct{ inputs, outputs []field }

type field struct{ name, value string }

// members are the workspace's accounts; the first is the owner.
var members = []Account{
	member("Aiko Mori", "aiko.mori@example.com"),
	member("Jonas Weber", "jonas.weber@example.com"),
	member("Priya Nair", "priya.nair@example.com"),
}

// member derives the id from the address, so that all apps agree on it.
func member(name, email string) Account {
	return Account{ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte("mailto:"+email)), Name: name, Email: email}
}

// sessionName makes session ids of the kinds that callers choose.
func sessionName(i int) string {
	const kinds = 4
	switch i % kinds {
	case 0:
		return fmt.Sprintf("user-%d", i)
	case 1:
		return fmt.Sprintf("customer%d@example.org", i)
	case 2:
		return fmt.Sprintf("Desk-%02d", i)
	default:
		return fmt.Sprintf("利用者%d", i)
	}
}

// visitor makes the i-th end user of an app. Who comes by a browser is
// anonymous; of the others some have no name, and some are from before Dify
// kept external ids.
func visitor(id uuid.UUID, i int) EndUser {
	kinds := []string{"service-api", "service-api", "service-api", "browser", "service-api", "browser", "service-api", "mcp"}
	user := EndUser{ID: id, Type: kinds[i%len(kinds)], SessionID: sessionName(i)}
	user.IsAnonymous = user.Type == "browser"
	if !user.IsAnonymous && i%3 != 2 {
		user.Name = new(visitorName(i))
	}
	if i%5 != 4 {
		user.ExternalUserID = new(user.SessionID)
	}
	return user
}

func visitorName(i int) string {
	given := []string{"Amara", "Benoît", "Chiyo", "Dmitri", "Elif", "Farid", "Greta", "Hugo"}
	family := []string{"Okafor", "Lindqvist", "田中", "O'Neill", "Kaya"}
	return given[i%len(given)] + " " + family[i/len(given)%len(family)]
}

func translated(language, text, result string) topic {
	return topic{
		inputs:  []field{{"text", text}, {"target_language", language}},
		outputs: []field{{"translation", result}},
	}
}

var translation = scenario{
	version:    "2026-06-02 08:15:41.027311",
	workflowID: uuid.MustParse("0d8a4f3e-6f0b-4d6e-9b51-6c6a4b3f1e01"),
	topics: []topic{
		translated("ja", "The train to Kyoto leaves at nine.", "京都行きの電車は9時に出発します。"),
		translated("en", "京都の天気はどうですか。", "How is the weather in Kyoto?"),
		translated("de", "Please sign the contract by Friday.", "Bitte unterschreiben Sie den Vertrag bis Freitag."),
		translated("fr", "She said \"not today\" and left.", "Elle a dit « pas aujourd'hui » et elle est partie."),
		translated("en", "Erste Zeile\nzweite Zeile", "First line\nsecond line"),
		translated("es", "Your parcel is on its way 🚚", "Su paquete está en camino 🚚"),
		translated("en", "Rückgabe nur mit Kassenbon (100%)", "Returns with a receipt only (100%)"),
		translated("ja", "C:\\reports\\may_2026.xlsx is missing", "C:\\reports\\may_2026.xlsx がありません"),
	},
	errors: []string{
		"Run failed: Node LLM run failed: Rate limit reached for the model",
		"[Errno 111] Connection refused",
		"Model response timed out after 60 seconds",
	},
}

func triaged(subject, message, queue, urgency string) topic {
	return topic{
		inputs:  []field{{"subject", subject}, {"message", message}},
		outputs: []field{{"queue", queue}, {"urgency", urgency}},
	}
}

var supportTriage = scenario{
	version:    "2026-05-19 14:02:07.551890",
	workflowID: uuid.MustParse("0d8a4f3e-6f0b-4d6e-9b51-6c6a4b3f1e02"),
	topics: []topic{
		triaged("Cannot log in", "Since this morning the login page says \"session expired\".", "accounts", "high"),
		triaged("Invoice twice", "I was charged twice for order 20418.\nPlease refund one.", "billing", "high"),
		triaged("Feature request", "Could the export have a CSV format?", "product", "low"),
		triaged("パスワードを忘れました", "再設定のメールが届きません。", "accounts", "medium"),
		triaged("App is slow", "Each search takes about 20 seconds.", "engineering", "medium"),
		triaged("Lieferung fehlt", "Die Sendung ist seit drei Wochen überfällig.", "logistics", "high"),
		triaged("Thank you!", "The new dashboard is exactly what we needed 🎉", "none", "low"),
	},
	errors: []string{
		"HTTP request failed: ticket system answered 503",
		"Output parsing failed: urgency is missing",
		"[Errno 110] Connection timed out",
	},
}

func invoiced(file, supplier, total string) topic {
	return topic{
		inputs:  []field{{"file_name", file}},
		outputs: []field{{"supplier", supplier}, {"total", total}},
	}
}

var invoiceReader = scenario{
	version:    "2026-06-11 06:48:30.910024",
	workflowID: uuid.MustParse("0d8a4f3e-6f0b-4d6e-9b51-6c6a4b3f1e03"),
	topics: []topic{
		invoiced("invoice_20418.pdf", "Nordlicht GmbH", "1.204,50 EUR"),
		invoiced("2026-05 rent.pdf", "Harbour Estates Ltd", "GBP 2,300.00"),
		invoiced("請求書_5月.pdf", "山田商事株式会社", "¥88,000"),
		invoiced("scan 0007.tiff", "Papeterie \"Chez Anne\"", "64,20 EUR"),
		invoiced("taxi.jpg", "City Cabs", "USD 31.75"),
		invoiced("hosting-may.pdf", "Café & Cloud OÜ", "119,00 EUR"),
	},
	errors: []string{
		"Document extraction failed: unsupported file type",
		"Run failed: Node OCR run failed: page 3 is empty",
		"JSON schema validation failed: total is not a number",
	},
}
