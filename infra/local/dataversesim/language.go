package dataversesim

import "regexp"

// translated says a refusal in another language, as an organisation does whose base language it is: names of
// columns, tables, rights and ids stay, the words around them do not. What stands in no list, as the words of a
// plug-in, stays as it is.
func translated(language, text string) string {
	if language == "en" {
		return text
	}
	for _, m := range sayings() {
		if m.english.MatchString(text) {
			return m.english.ReplaceAllString(text, m.in[language])
		}
	}
	return text
}

// callersLanguage is the language of labels and formatted values that the caller sees.
func (s *Simulator) callersLanguage() int {
	return map[string]int{"en": english, "de": 1031, "fr": 1036, "ja": 1041}[s.tongue()]
}

// tongue is that language, and the base one where the switch says nothing.
func (s *Simulator) tongue() string {
	if own := s.sw.text("language"); own != "en" || s.base() == english {
		return own
	}
	return "fr"
}

// languages are those that the organisation has installed, its base language first.
func (s *Simulator) languages() []int {
	switch s.o.Organisation {
	case Opinionated, BareFrench:
		return []int{english, 1036}
	case BareInFrench:
		return []int{1036, english}
	case Msft, MsftOther, BareMsft:
		return []int{english, 1036, 1031}
	}
	return []int{english}
}

// base is the organisation's base language.
func (s *Simulator) base() int { return s.languages()[0] }

// languagesAnswer is the function RetrieveProvisionedLanguages.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveprovisionedlanguages
func (s *Simulator) languagesAnswer(c *call) (*answer, error) {
	return jsonAnswer((&document{}).add("@odata.context", c.root+"$metadata#Microsoft.Dynamics.CRM.RetrieveProvisionedLanguagesResponse").
		add("RetrieveProvisionedLanguages", s.languages()))
}

// speak puts the labels in the caller's language forward, in a document and all below it.
func speak(v any, language int) {
	switch x := v.(type) {
	case []*document:
		for _, d := range x {
			speak(d, language)
		}
	case []any:
		for _, d := range x {
			speak(d, language)
		}
	case *document:
		all, isLabel := x.values["LocalizedLabels"].([]any)
		if !isLabel {
			for _, inner := range x.values {
				speak(inner, language)
			}
			return
		}
		for _, one := range all {
			if d, ok := one.(*document); ok && d.values["LanguageCode"] == language {
				x.values["UserLocalizedLabel"] = d
			}
		}
	}
}

// saying is a message and what it is in other languages.
type saying struct {
	english *regexp.Regexp
	in      map[string]string
}

func sayings() []saying {
	say := func(english, de, fr, ja string) saying {
		return saying{regexp.MustCompile(english), map[string]string{"de": de, "fr": fr, "ja": ja}}
	}
	return []saying{
		say(`^A validation error occurred\. The length of the '(.*)' attribute of the '(.*)' entity exceeded the maximum allowed length of '(.*)'\.$`,
			`Ein Validierungsfehler ist aufgetreten. Die Länge des Attributs „${1}“ der Entität „${2}“ überschreitet die maximal zulässige Länge von „${3}“.`,
			`Une erreur de validation s'est produite. La longueur de l'attribut « ${1} » de l'entité « ${2} » dépasse la longueur maximale autorisée de « ${3} ».`,
			`検証エラーが発生しました。${2}エンティティの${1}属性の長さが最大長${3}を超えています。`),
		say(`^A validation error occurred\. The value (.*) of '(.*)' on record of type '(.*)' is outside the valid range\. Accepted Values: (.*)$`,
			`Ein Validierungsfehler ist aufgetreten. Der Wert ${1} von „${2}“ im Datensatz vom Typ „${3}“ liegt außerhalb des gültigen Bereichs. Zulässige Werte: ${4}`,
			`Une erreur de validation s'est produite. La valeur ${1} de « ${2} » sur l'enregistrement de type « ${3} » n'est pas valide. Valeurs acceptées : ${4}`,
			`検証エラーが発生しました。${3}型のレコードの${2}の値${1}は有効な範囲外です。許容値: ${4}`),
		say(`^A validation error occurred\. The value (.*) of '(.*)' on record of type '(.*)' is outside the valid range \((.*) to (.*)\)\.$`,
			`Ein Validierungsfehler ist aufgetreten. Der Wert ${1} von „${2}“ im Datensatz vom Typ „${3}“ liegt außerhalb des gültigen Bereichs (${4} bis ${5}).`,
			`Une erreur de validation s'est produite. La valeur ${1} de « ${2} » sur l'enregistrement de type « ${3} » est hors plage (de ${4} à ${5}).`,
			`検証エラーが発生しました。${3}型のレコードの${2}の値${1}は有効な範囲 (${4}～${5}) 外です。`),
		say(`^Error identified in Payload provided by the user for Entity :'(.*)': Cannot convert the literal '(.*)' to the expected type '(.*)' of the property '(.*)'\.$`,
			`Fehler in den vom Benutzer übergebenen Daten für die Entität „${1}“: Das Literal „${2}“ der Eigenschaft „${4}“ kann nicht in den Typ „${3}“ umgewandelt werden.`,
			`Erreur dans les données fournies pour l'entité « ${1} » : impossible de convertir « ${2} » vers le type « ${3} » attendu pour la propriété « ${4} ».`,
			`エンティティ ${1} のデータにエラーがあります。プロパティ ${4} のリテラル ${2} を型 ${3} に変換できません。`),
		say(`^Attribute: (.*) cannot be set to NULL: entity '(.*)' needs it\.$`,
			`Das Attribut ${1} der Entität „${2}“ darf nicht NULL sein.`,
			`L'attribut ${1} de l'entité « ${2} » ne peut pas être NULL.`,
			`${2} エンティティの属性 ${1} は NULL に設定できません。`),
		say(`^Could not find a property named '(.*)' on type '(.*)'\.$`,
			`Für den Typ „${2}“ wurde keine Eigenschaft namens „${1}“ gefunden.`,
			`Aucune propriété nommée « ${1} » n'a été trouvée dans le type « ${2} ».`,
			`型「${2}」に「${1}」という名前のプロパティが見つかりません。`),
		say(`^Invalid property '(.*)' was found in entity '(.*?)'.*$`,
			`Die Entität „${2}“ enthält die ungültige Eigenschaft „${1}“.`,
			`La propriété « ${1} » n'est pas valide dans l'entité « ${2} ».`,
			`エンティティ「${2}」に無効なプロパティ「${1}」があります。`),
		say(`^An undeclared property '(.*?)' which only has property annotations.*$`,
			`In den Daten steht die nicht deklarierte Eigenschaft „${1}“ ohne Wert.`,
			`Une propriété non déclarée « ${1} » sans valeur a été trouvée.`,
			`宣言されていないプロパティ「${1}」が見つかりました。`),
		say(`(?i)^(.*?)'? with id = ([0-9a-f-]{36}) does not exist\.?.*$`,
			`${1} mit der ID ${2} ist nicht vorhanden.`,
			`L'enregistrement ${1} portant l'ID ${2} n'existe pas.`,
			`ID ${2} の ${1} は存在しません。`),
		say(`^Principal user \(Id=(.*?),? .*is missing (prv\w+) privilege.*$`,
			`Dem Prinzipalbenutzer (ID ${1}) fehlt die Berechtigung ${2}.`,
			`L'utilisateur principal (ID ${1}) ne dispose pas du privilège ${2}.`,
			`プリンシパル ユーザー (ID ${1}) に ${2} 特権がありません。`),
		say(`^This opportunity cannot be closed because it has (.*) quotes.*$`,
			`Diese Verkaufschance kann nicht geschlossen werden, da ${1} Angebote im Entwurf oder aktiv sind.`,
			`Cette opportunité ne peut pas être fermée car ${1} devis sont à l'état de brouillon ou actifs.`,
			`下書きまたはアクティブな見積が ${1} 件あるため、この営業案件を終了できません。`),
	}
}
