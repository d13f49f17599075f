"""A made-up campaign with words of its own: a library asks whether it may keep what one has borrowed."""

from dataclasses import replace
from typing import Final

from bot.domain import campaign_file
from bot.domain.campaign import CampaignDocument
from bot.domain.template import LocaleWords, PlacedText

SLUG: Final = "reading-room"
FILE: Final = f"""
slug = "{SLUG}"
template = "{SLUG}"
announce = 2025-09-02
deadline = 2025-09-20
zone = "Asia/Jakarta"
authoritative_locale = "id"
link = "https://library.example/history"
"""

ROWS: Final = (
    ("title", "none", "Riwayat pinjaman", "Borrowing history"),
    (
        "question",
        "data",
        "Bolehkah perpustakaan menyimpan riwayat pinjaman Anda?",
        "May the library keep your borrowing history?",
    ),
    ("choice.opt_in", "data", "Simpan riwayat", "Keep my history"),
    ("choice.opt_out", "data", "Jangan simpan riwayat", "Do not keep my history"),
    ("choice.opt_in.change", "change", "Ubah: simpan riwayat", "Change: keep my history"),
    ("choice.opt_out.change", "change", "Ubah: jangan simpan riwayat", "Change: do not keep my history"),
    ("receipt.recorded", "change", "Jawaban Anda dicatat oleh {operator}.", "{operator} has your answer."),
    (
        "receipt.applied",
        "change",
        "Jawaban Anda sudah diterapkan oleh {operator}.",
        "{operator} has applied your answer.",
    ),
    (
        "notice.headline",
        "none",
        "Perpustakaan menanyakan satu hal kepada Anda",
        "The library has one question for you",
    ),
    (
        "notice.item.1",
        "if-allowed",
        "Simpan: riwayat disimpan selama dua tahun.",
        "Keep: the history is kept for two years.",
    ),
    (
        "notice.item.2",
        "if-not",
        "Jangan simpan: riwayat dihapus saat buku dikembalikan.",
        "Do not keep: the history is erased when a book is returned.",
    ),
    (
        "notice.item.3",
        "no-choice",
        "Tanpa pilihan: perpustakaan bertanya lagi di meja pinjaman.",
        "No choice: the library asks you again at the desk.",
    ),
    (
        "notice.paragraph.1",
        "change",
        "Pilihan Anda dapat diubah kapan saja.",
        "You can change your choice at any time.",
    ),
    ("notice.paragraph.2", "who", "Pesan ini dari {operator}.", "This message is from {operator}."),
    ("notice.deadline", "deadline", "Anda dapat memilih sampai {when}.", "You can choose until {when}."),
    (
        "notice.long.1",
        "covered not-covered",
        "Ini menyangkut buku yang Anda pinjam, bukan buku yang Anda baca di tempat.",
        "This is about the books that you borrow, not about those that you read in the room.",
    ),
    ("reminder.headline", "none", "Pilihan Anda belum tercatat.", "Your choice is not recorded yet."),
    ("reminder.paragraph.1", "who", "Pesan ini dari {operator}.", "This message is from {operator}."),
    ("reminder.deadline", "deadline", "Anda dapat memilih sampai {when}.", "You can choose until {when}."),
    (
        "last_reminder.headline",
        "none",
        "Ini pengingat terakhir dari perpustakaan.",
        "This is the last reminder from the library.",
    ),
    (
        "last_reminder.paragraph.1",
        "change no-choice who",
        "Tanpa pilihan, kami bertanya lagi di meja pinjaman; pilihan dapat diubah kapan saja. Dari {operator}.",
        "Without a choice we ask you again at the desk; you can change it at any time. From {operator}.",
    ),
    (
        "last_reminder.deadline",
        "deadline",
        "Anda dapat memilih sampai {when}.",
        "You can choose until {when}.",
    ),
    ("correction.headline", "none", "Batas waktunya telah berubah.", "The deadline has changed."),
    ("correction.paragraph.1", "who", "Pesan ini dari {operator}.", "This message is from {operator}."),
    ("correction.deadline", "deadline", "Anda dapat memilih sampai {when}.", "You can choose until {when}."),
    (
        "closing.headline",
        "none",
        "Batas waktu telah lewat dan tidak ada pilihan Anda yang tercatat.",
        "The deadline has passed and no choice of yours is recorded.",
    ),
    (
        "closing.paragraph.1",
        "no-choice",
        "Perpustakaan bertanya lagi di meja pinjaman.",
        "The library asks you again at the desk.",
    ),
)


def document() -> CampaignDocument:
    """The campaign as its file says it."""
    return campaign_file.parse(FILE, "reading-room.toml")


def words(locale: str) -> LocaleWords:
    """Its words in Indonesian or English."""
    return LocaleWords(
        locale,
        {
            place: PlacedText(indonesian if locale == "id" else english, tuple(facts.split()))
            for place, facts, indonesian, english in ROWS
        },
    )


def rewritten(locale: str, place: str, text: str) -> LocaleWords:
    """The same words, but for one place."""
    said = words(locale)
    return replace(said, texts={**said.texts, place: replace(said.texts[place], text=text)})
