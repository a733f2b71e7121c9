"""
Who publishes headlines, and under which names their broad tapes are listed.

Codes and names as an account with the Dow Jones bundle saw them (ib_async#108), and Fly on the Wall. A tape's contract
is usually `CODE:CODE_ALL` at the exchange CODE; those of Dow Jones and of the analyst actions are named otherwise:
`DJTOP:ASIAPAC` and `BRFUPDN:BRF_ALL` are in IBKR's own samples, the other names are operators' notes.
"""

NEWS_PROVIDERS = {
    "BRFG": "Briefing.com General Market Columns",
    "BRFUPDN": "Briefing.com Analyst Actions",
    "DJ-N": "Dow Jones News Service",
    "DJ-RTA": "Dow Jones Real-Time News Asia Pacific",
    "DJ-RTE": "Dow Jones Real-Time News Europe",
    "DJ-RTG": "Dow Jones Real-Time News Global",
    "DJ-RTPRO": "Dow Jones Real-Time News Pro",
    "DJNL": "Dow Jones Newsletters",
    "FLY": "Fly on the Wall",
}
TAPES = {
    "BRFG:BRFG_ALL": "BRFG",
    "BRFUPDN:BRF_ALL": "BRFUPDN",
    "DJ:N_DJGT": "DJ-N",
    "DJTOP:ASIAPAC": "DJ-RTA",
    "DJTOP:EMEA": "DJ-RTE",
    "DJTOP:GLBNEWS": "DJ-RTG",
    "DJTOP:NORTHAM": "DJ-RTPRO",
    "DJTOP:COMPNEWS": "DJ-RTPRO",
    "DJTOP:MKTDRVE": "DJ-RTPRO",
    "DJNL:DJNL_ALL": "DJNL",
    "FLY:FLY_ALL": "FLY",
}
"""The provider of each tape, by the tape's symbol; its exchange is what stands before the colon."""
