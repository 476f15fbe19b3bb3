package partnercentersim

import (
	"regexp"
	"strings"
)

var (
	emailForm    = regexp.MustCompile(`^[^\s@<>,;:"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	phoneForm    = regexp.MustCompile(`^\+?[0-9][0-9 ()./-]{4,28}[0-9]( ?(x|ext\.?) ?[0-9]{1,6})?$`)
	solutionForm = regexp.MustCompile(`^(SOL-[0-9]+-[A-Z]{3}|[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})$`)
	dunsForm     = regexp.MustCompile(`^[0-9]{9}$`)
	guidForm     = regexp.MustCompile(`^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`)
)

func isDuns(text string) bool { return dunsForm.MatchString(text) }

func isEmail(text string) bool { return emailForm.MatchString(text) }

func isPhone(text string) bool { return phoneForm.MatchString(text) }

// hasSolutionForm knows ids of partners' solutions (SOL-12345-ABC) and of Microsoft's own, which are GUIDs.
func hasSolutionForm(id string) bool { return solutionForm.MatchString(id) }

// isCurrency knows the ISO 4217 codes of money that one can pay with; not XXX (no currency) or XAU (gold).
func isCurrency(code string) bool {
	const all = " AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF" +
		" CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF" +
		" IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK" +
		" MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR" +
		" SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED" +
		" VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "
	return len(code) == 3 && strings.Contains(all, " "+code+" ")
}

// isCountry knows the ISO 3166-1 alpha-2 codes.
func isCountry(code string) bool {
	const all = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ" +
		" CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR" +
		" GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP" +
		" KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT" +
		" MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW" +
		" SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG" +
		" UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "
	return len(code) == 2 && strings.Contains(all, " "+code+" ")
}
