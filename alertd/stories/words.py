"""Words of headlines: which carry no meaning of their own, which turn it around, which name a period."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP = _words(
    """a an the and or of in on at to for from by with as is are was were be been its it this that these those has have
    had will would may might can could should after before amid over into than then also but about which who whom whose
    their his her our your they he she we you i there here when while what how why said says say saying tells told tell
    per via vs versus more most very just still yet now new s t d ll re ve inc corp corporation co ltd limited plc llc
    ag sa nv spa ab asa oyj holdings holding group company companies co's not no"""
)
"""Words left out of comparisons; `not` and `no` are weighed by `TURNS`."""

_POLES: dict[str, tuple[str, str]] = {
    "move": (
        """up rise rises rose risen rising raise raises raised raising jump jumps jumped jumping surge surges surged
        surging soar soars soared soaring gain gains gained gaining climb climbs climbed climbing rally rallies rallied
        rallying spike spikes spiked advance advances advanced higher high highs pop pops popped boost boosts boosted
        boosting lift lifts lifted lifting hike hikes hiked hiking increase increases increased increasing grow grows
        grew growing growth expand expands expanded expanding accelerate accelerates accelerated strengthen strengthens
        strengthened improve improves improved improving rebound rebounds rebounded recover recovers recovered double
        doubles doubled triple triples tripled record upbeat skyrocket skyrockets widen widens widened upgrade upgrades
        upgraded upgrading outperform overweight bullish""",
        """down fall falls fell fallen falling drop drops dropped dropping slump slumps slumped slide slides slid plunge
        plunges plunged plunging tumble tumbles tumbled tumbling sink sinks sank decline declines declined declining
        lower lowers lowered lowering low lows lose shed sheds crash crashes crashed dip dips dipped cut cuts cutting
        reduce reduces reduced reducing slash slashes slashed slashing trim trims trimmed decrease decreases decreased
        shrink shrinks shrank contract contracts contracted slow slows slowed slowing weaken weakens weakened worsen
        worsens worsened halve halves halved downbeat narrow narrows narrowed downgrade downgrades downgraded
        downgrading underperform underweight bearish ease eases eased retreat retreats retreated""",
    ),
    "test": (
        "beat beats beating top tops topped exceed exceeds exceeded surpass surpasses surpassed above",
        "miss misses missed missing below lag lags lagged short undershoot undershoots",
    ),
    "result": ("profit profits profitable", "loss losses lossmaking unprofitable"),
    "trade": (
        "buy buys buying bought acquire acquires acquired acquiring acquisition purchase purchases",
        "sell sells selling sold divest divests divested divesting divestiture disposal",
    ),
    "staff": (
        "hire hires hired hiring appoint appoints appointed appointing name names named",
        "fire fires fired dismiss dismisses dismissed oust ousts ousted resign resigns resigned layoff layoffs",
    ),
    "law": (
        "approve approves approved approving approval clear clears cleared win wins won allow allows allowed uphold "
        "upholds upheld accept accepts accepted acquitted",
        "reject rejects rejected rejecting rejection block blocks blocked lost loses ban bans banned deny denies "
        "denied overturn overturns overturned convicted guilty",
    ),
    "work": (
        "open opens opened opening start starts started starting begin begins began resume resumes resumed launch "
        "launches launched restart restarts restarted reopen reopens join joins joined",
        "close closes closed closing shut shuts shutting halt halts halted stop stops stopped stopping end ends ended "
        "suspend suspends suspended cancel cancels cancelled canceled scrap scraps scrapped withdraw withdraws "
        "withdrew withdrawn abandon abandons abandoned delay delays delayed postpone postpones postponed quit quits "
        "leave leaves left exit exits exited",
    ),
    "side": (
        "optimistic strong stronger better best good positive",
        "pessimistic weak weaker worse worst bad negative",
    ),
}
POLES: dict[str, tuple[str, int]] = {
    word: (axis, sign) for axis, sides in _POLES.items() for sign, side in zip((1, -1), sides, strict=True)
    for word in side.split()
}  # fmt: skip
"""Word → (axis, +1 or -1): words at opposite ends of one axis tell opposite events."""

IRREGULAR = {
    "rose": "rise", "risen": "rise", "fell": "fall", "fallen": "fall", "sold": "sell", "bought": "buy", "won": "win",
    "lost": "lose", "took": "take", "taken": "take", "began": "begin", "begun": "begin", "stole": "steal",
    "stolen": "steal", "withdrew": "withdraw", "withdrawn": "withdraw", "withdrawal": "withdraw", "shrank": "shrink",
    "grew": "grow", "grown": "grow", "drew": "draw", "drawn": "draw", "hid": "hide", "made": "make", "paid": "pay",
    "spent": "spend", "sent": "send", "left": "leave", "met": "meet", "led": "lead", "built": "build", "gave": "give",
    "given": "give", "saw": "see", "seen": "see", "chose": "choose", "chosen": "choose", "sank": "sink",
    "fought": "fight", "struck": "strike", "broke": "break", "broken": "break", "froze": "freeze", "won't": "not",
}  # fmt: skip
"""Forms that are no ending of their word → the word."""

TURNS = _words(
    "not no never without won't isn't doesn't didn't don't can't cannot aren't wasn't fails failed refuses refused "
    "unlikely rules"
)
"""Words that turn a sentence around."""

COMMON = _words(
    """shares share stock stocks market markets price prices target targets rating ratings analyst analysts broker
    sales revenue revenues earnings results income margin margins forecast forecasts outlook guidance estimate estimates
    expectations view views quarter quarterly annual year years month months week weeks day days today monday tuesday
    wednesday thursday friday saturday sunday first second third fourth half fiscal full ceo cfo coo cto chief executive
    officer chair chairman chairwoman president director directors board head boss founder billion million trillion
    percent pct deal deals merger takeover bid bids offer offers stake stakes talks agreement contract contracts order
    orders partnership venture plan plans planned planning unit units business division plant plants factory factories
    production output demand supply supplies investor investors shareholder shareholders fund funds bank banks firm
    firms
    maker makers giant update exclusive breaking correction corrected refile wrapup analysis focus factbox breakingviews
    report reports reported reporting source sources sees see seen expects expect expected warns warn warned announces
    announce announced announcement declares declare declared completes complete completed agrees agree agreed signs
    sign
    signed files file filed faces face faced seeks seek sought wants want set sets hits hit makes make made takes take
    took gets get got gives give gave keeps keep kept holds hold held posts post posted backs back backed pays pay paid
    shows show showed considers consider considering weighs weigh weighing nears near nearing eyes eye urges urge calls
    call called reiterates reiterate reiterated maintains maintain maintained initiates initiate initiated neutral
    dividend dividends buyback buybacks split ipo listing debt bond bonds loan loans credit cash job jobs worker workers
    employee employees staff strike union layoffs lawsuit suit court judge probe investigation fine fined regulator
    regulators antitrust tariff tariffs sanctions recall recalls recalled vehicle vehicles car cars ev evs drug trial
    study data breach hack attack outage product products service services model models system systems software chip
    chips phone phones app cloud online digital global world national international local domestic overseas big major
    large small early late latest next last former current key top high low strong weak amid despite ahead because if
    under against between during since until through off out all some any every both each other another only even again
    far well much many few so too one two three four five six seven eight nine ten people customers customer consumer
    consumers public private state federal government minister official officials rate rates inflation economy economic
    growth trade policy tax oil gas energy power gold dollar euro yen percent basis points time times end start part
    north south east west us's biggest largest longest highest lowest nearly almost around least total net gross core
    operating adjusted preliminary final interim special ordinary common preferred record date ex cut cuts"""
)
"""Words that headlines capitalise though they name nobody."""

COUNTRIES = {
    "chinese": "china", "american": "us", "usa": "us", "u.s": "us", "u.s.a": "us", "british": "uk", "britain": "uk",
    "britain's": "uk", "u.k": "uk", "german": "germany", "french": "france", "japanese": "japan", "indian": "india",
    "korean": "korea", "italian": "italy", "spanish": "spain", "canadian": "canada", "australian": "australia",
    "russian": "russia", "swiss": "switzerland", "dutch": "netherlands", "brazilian": "brazil", "mexican": "mexico",
    "european": "europe", "eu": "europe", "e.u": "europe", "swedish": "sweden", "taiwanese": "taiwan",
}  # fmt: skip
"""Spellings of a country that count as one name."""

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
PERIOD_WORDS: dict[str, str] = {
    "q1": "quarter 1", "1q": "quarter 1", "q2": "quarter 2", "2q": "quarter 2", "q3": "quarter 3", "3q": "quarter 3",
    "q4": "quarter 4", "4q": "quarter 4", "h1": "half 1", "1h": "half 1", "h2": "half 2", "2h": "half 2",
    "annual": "span year", "full-year": "span year", "yearly": "span year", "quarterly": "span quarter",
    "monthly": "span month", "weekly": "span week", "half-year": "span half", "six-month": "span half",
    "nine-month": "span nine", "interim": "span half",
    **{f"{d}day": f"weekday {i}" for i, d in enumerate(("mon", "tues", "wednes", "thurs", "fri", "satur", "sun"))},
    **{m: f"month {i}" for i, m in enumerate(_MONTHS, 1)},
    **{m[:3]: f"month {i}" for i, m in enumerate(_MONTHS, 1)},
    "sept": "month 9",
}  # fmt: skip
"""Word → the kind of period and which one."""

MONTH_NAMES = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
"""The months as they are written, as an expression that ignores case."""

ORDINALS = {"first": "1", "1st": "1", "second": "2", "2nd": "2", "third": "3", "3rd": "3", "fourth": "4", "4th": "4"}
"""Ordinals that, before `quarter` or `half`, name a period."""

NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "dozen": 12, "twenty": 20, "thirty": 30, "hundred": 100,
}  # fmt: skip
"""Numbers written as words."""

UNITS = _words(
    """million millions billion billions trillion thousand mln mn bln bn m b k crore crores lakh percent pct per cent
    percentage point points dollar dollars usd us$ euro euros eur pound pounds gbp sterling yen jpy yuan cny rmb rupees
    rs inr won krw francs chf crowns nok sek dkk hkd hk$"""
)
"""Words that are written in several ways around a number; figures are compared instead."""

CURRENCIES = {
    "us$": "usd", "$": "$", "usd": "usd", "dollar": "$", "dollars": "$", "hk$": "hkd", "hkd": "hkd", "c$": "cad",
    "ca$": "cad", "cad": "cad", "a$": "aud", "au$": "aud", "aud": "aud", "s$": "sgd", "nz$": "nzd", "r$": "brl",
    "nt$": "twd", "\u20ac": "eur", "eur": "eur", "euro": "eur", "euros": "eur", "\u00a3": "gbp", "gbp": "gbp",
    "pounds": "gbp", "sterling": "gbp", "\u00a5": "jpy", "jpy": "jpy", "yen": "jpy", "cny": "cny", "rmb": "cny",
    "yuan": "cny", "\u20b9": "inr", "rs": "inr", "inr": "inr", "rupees": "inr", "\u20a9": "krw", "krw": "krw",
    "won": "krw", "chf": "chf", "francs": "chf", "sek": "sek", "nok": "nok", "dkk": "dkk", "crowns": "crowns",
}  # fmt: skip
"""Signs and names of currencies → the one name of each."""

SCALES = {
    "k": 1e3, "thousand": 1e3, "lakh": 1e5, "lakhs": 1e5, "m": 1e6, "mn": 1e6, "mln": 1e6, "mio": 1e6, "million": 1e6,
    "millions": 1e6, "cr": 1e7, "crore": 1e7, "crores": 1e7, "b": 1e9, "bn": 1e9, "bln": 1e9, "billion": 1e9,
    "billions": 1e9, "t": 1e12, "tn": 1e12, "trn": 1e12, "trillion": 1e12,
}  # fmt: skip
"""Words that scale a number → by how much."""
