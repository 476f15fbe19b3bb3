package doctor

// checks lists every check of the sync app, once. What a check rests on stands before it.
func (e *examination) checks() []Check {
	all := []Check{
		{Name: "pc.consent", Looks: "an access token for Partner Center comes: Key Vault, the refresh token, the app's secret", For: "T8, T9, R92, R149", Run: e.consent},
		{Name: "pc.referrals", Rests: []string{"pc.consent"}, Looks: "the referrals' host takes our token (its audience)", For: "T2, T9, R92", Run: e.referrals},
		{Name: "pc.webhooks", Rests: []string{"pc.consent"}, Looks: "the webhooks' host takes our token (its audience)", For: "T2, R92", Run: e.webhooks},
		{Name: "pc.mfa", Rests: []string{"pc.consent"}, Looks: "the consent was given with MFA, which both hosts ask for", For: "R149", Run: e.mfa},
		{Name: "pc.role", Rests: []string{"pc.mfa"}, Looks: "the integration user may read the referrals, all of them that are linked, and change them", For: "roles of the source page; T9, T41", Run: e.role},
		{Name: "pc.clock", Rests: []string{"pc.referrals"}, Looks: "our clock and Partner Center's agree", For: "T8", Run: e.partnerClock},
		{Name: "pc.visible", Rests: []string{"pc.role"}, Looks: "there are referrals to see", For: "Partner Center account, source page", Run: e.visible},
		{Name: "pc.partnerid", Rests: []string{"pc.webhooks", "pc.role"}, Looks: "the PartnerID of the account's profile is that of the referrals (mpnId)", For: "PartnerID, source page", Run: e.partnerID},
		{Name: "pc.registration", Rests: []string{"pc.webhooks"}, Looks: "Partner Center sends the four referral events and the test event to this installation", For: "T13, T15, R1 to R4", Run: e.registration},
		{Name: "pc.scope", Rests: []string{"pc.webhooks"}, Looks: "no other environment holds the registration while this one works on all referrals", For: "T29, R153", Run: e.scope},
		{Name: "pc.events", Looks: "events of Partner Center are authentic: signature, certificate and its chain", For: "T13, T15, T30, R8", Run: e.authentic},

		{Name: "crm.reach", Looks: "the CRM takes our token and knows our application user", For: "T8, T9, dataverse roles", Run: e.reach},
		{Name: "crm.organization", Rests: []string{"crm.reach"}, Looks: "it is the organisation whose events are taken (DATAVERSE_ORGANIZATION_ID)", For: "T13", Run: e.organization},
		{Name: "crm.clock", Rests: []string{"crm.reach"}, Looks: "our clock and the CRM's agree", For: "T8", Run: e.crmClock},
		{Name: "crm.user", Rests: []string{"crm.reach"}, Looks: "the application user is enabled", For: "roles of the source page; T9", Run: e.user},
		{Name: "crm.privileges", Rests: []string{"crm.reach"}, Looks: "each privilege that the application user needs, by table and operation", For: "roles of the source page; T9, T39, R143", Run: e.privileges},
		{Name: "crm.columns", Rests: []string{"crm.reach"}, Looks: "every table and column of the field sheet is there, with its type, and long enough for its texts", For: "T17, T39, R142", Run: e.sorted("column")},
		{Name: "crm.choices", Rests: []string{"crm.reach"}, Looks: "every option of the field sheet's choices is there, whatever its language", For: "T18, T39, R85, R120", Run: e.sorted("option")},
		{Name: "crm.required", Rests: []string{"crm.reach"}, Looks: "every column that the CRM requires has a value in the field sheet", For: "T18, T39, R20", Run: e.sorted("required")},
		{Name: "crm.sheet", Rests: []string{"crm.reach"}, Looks: "everything else that `mapping check` says of the field sheet", For: "T26, T27, T34, R83, R84", Run: e.sorted("")},
		{Name: "crm.secured", Rests: []string{"crm.reach"}, Looks: "columns of the field sheet that column security guards", For: "T9", Run: e.secured},
		{Name: "crm.keys", Rests: []string{"crm.reach"}, Looks: "the alternate keys are there, and active", For: "T16", Run: e.keys},
		{Name: "crm.tracking", Rests: []string{"crm.reach"}, Looks: "change tracking is on, by which lost events are found", For: "T8, T30, R93", Run: e.tracking},
		{Name: "crm.endpoint", Rests: []string{"crm.reach"}, Looks: "the service endpoint leads to this installation", For: "T13", Run: e.endpoint},
		{Name: "crm.steps", Rests: []string{"crm.endpoint"}, Looks: "each event step is there and on, and lists every column that the field sheet reads", For: "T5, T19, R144", Run: e.steps},
		{Name: "crm.events", Rests: []string{"crm.reach"}, Looks: "events of the CRM that could not be delivered (asyncoperation)", For: "T8, T12", Run: e.undelivered},
		{Name: "crm.languages", Rests: []string{"crm.reach"}, Looks: "the languages of the organisation can be read, in which choices are understood", For: "R120", Run: e.languages},
		{Name: "crm.currencies", Rests: []string{"crm.reach", "pc.role"}, Looks: "the CRM has every currency that open referrals are in, active", For: "CRM set-up of the source page; R51", Run: e.currencies},
		{Name: "crm.owner", Rests: []string{"crm.reach"}, Looks: "the owner of last resort and the default member are enabled users (SYNC_DEFAULT_OWNER, SYNC_DEFAULT_MEMBER)", For: "sales team of the source page; R50, R105", Run: e.owner},
		{Name: "crm.seller", Rests: []string{"crm.reach"}, Looks: "with --seller: that person is enabled, licensed, and may work on opportunities and their solutions", For: "roles of the source page; T9", Run: e.sellers},
		{Name: "crm.flows", Rests: []string{"crm.reach"}, Looks: "no flow of Microsoft's connector is on while this installation works in earnest", For: "T29, R154", Run: e.flows},
		{Name: "pc.solution", Rests: []string{"crm.reach", "pc.role"}, Looks: "a solution of the catalogue is co-sell ready, as far as a referral carries it", For: "co-sell ready, source page; T11", Run: e.solution},

		{Name: "sheet.year", Looks: "the roles, areas and plays of Microsoft's year are known", For: "T34, R54", Run: e.year},
		{Name: "sheet.consent", Looks: "somebody has decided who vouches for the contacts' consent (SYNC_CONTACT_CONSENT)", For: "R112", Run: e.contactConsent},

		{Name: "azure.queues", Looks: "the four queues are there, have sessions and a fitting lock, and no dead letters", For: "T8, T30", Run: e.queues},
		{Name: "azure.tables", Looks: "the tables can be read and written", For: "T8", Run: e.stores},
		{Name: "azure.vault", Looks: "Key Vault gives the key by which texts in the tables are sealed", For: "T8", Run: e.vault},
		{Name: "azure.identities", Looks: "the intake may send, and read nothing", For: "least rights", Run: e.identities},

		{Name: "work.begun", Looks: "the work has begun, in earnest (SYNC_STARTED, SYNC_MODE)", For: "R151, R154", Run: e.begun},
		{Name: "work.processes", Looks: "all processes are of one version, and alive", For: "T5, T20", Run: e.processes},
		{Name: "work.parked", Looks: "no message is parked", For: "T12, R94", Run: e.parked},
		{Name: "work.held", Looks: "nothing is held for a reason that is ours, nor for long", For: "T6, T10, T11, T12, R126", Run: e.held},
		{Name: "work.oldest", Looks: "no change has waited for long", For: "T7, T8, T22, R96", Run: e.oldest},
		{Name: "work.problems", Looks: "every other problem of health", For: "T5, T21, R96", Run: e.problems},
		{Name: "work.notes", Looks: "every other note of health", For: "R96", Run: e.notes},
	}
	for i := range all {
		all[i].By = BySync
	}
	return all
}
