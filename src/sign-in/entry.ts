/** How a person came to the question on the phone; `unknown`: by a number that is not in the table. */
export type Entry =
  'camera' | 'picture' | 'link' | 'card' | 'mini_program' | 'without_code' | 'unknown'

/**
 * WeChat's numbers of how a mini program is opened, as `wx.getEnterOptionsSync().scene` tells them:
 * https://developers.weixin.qq.com/miniprogram/dev/reference/scene-list.html. Not in the table:
 * 1017, 1030, 1059 and 1101, by which its developers open it.
 */
const NUMBERS: Record<Exclude<Entry, 'unknown'>, readonly number[]> = {
  // QR code, barcode, mini program code, a code of one item.
  camera: [1011, 1025, 1047, 1124],
  // The same four, each by a long press on a picture and out of the album.
  picture: [1012, 1013, 1031, 1032, 1048, 1049, 1125, 1126],
  // URL Scheme, a tag in a web page, a website on a computer, URL Link, URL Scheme in plain text.
  link: [1065, 1167, 1181, 1194, 1286],
  // From a person, a group, another app, a business, an official account, a chat's history.
  card: [1007, 1008, 1036, 1044, 1073, 1074, 1096, 1202, 1208],
  // Opened by another one, back from it, and inside of it.
  mini_program: [1037, 1038, 1099],
  // Lists, searches, messages, articles, advertisements, apps, devices: everything else on that page.
  without_code: [
    1000, 1001, 1005, 1006, 1010, 1014, 1019, 1020, 1022, 1023, 1024, 1026, 1027, 1028, 1029, 1034,
    1035, 1039, 1042, 1043, 1045, 1046, 1052, 1053, 1054, 1056, 1057, 1058, 1060, 1064, 1067, 1068,
    1069, 1071, 1072, 1077, 1078, 1079, 1081, 1082, 1084, 1088, 1089, 1090, 1091, 1092, 1095, 1097,
    1100, 1102, 1103, 1104, 1106, 1107, 1113, 1114, 1119, 1120, 1121, 1129, 1131, 1133, 1135, 1144,
    1145, 1146, 1148, 1150, 1151, 1152, 1153, 1154, 1155, 1157, 1158, 1160, 1168, 1169, 1171, 1173,
    1175, 1176, 1177, 1178, 1179, 1183, 1184, 1185, 1186, 1187, 1189, 1191, 1192, 1193, 1195, 1196,
    1197, 1198, 1200, 1201, 1203, 1206, 1207, 1212, 1215, 1216, 1218, 1219, 1220, 1223, 1225, 1226,
    1228, 1230, 1231, 1232, 1233, 1238, 1242, 1244, 1245, 1248, 1252, 1254, 1255, 1256, 1257, 1258,
    1259, 1260, 1261, 1265, 1266, 1267, 1271, 1272, 1273, 1278, 1279, 1280, 1281, 1282, 1285, 1287,
    1292, 1293, 1295, 1296, 1297, 1298, 1299, 1300, 1301, 1302, 1303, 1304, 1305, 1306, 1307, 1308,
    1309,
  ],
}

const ENTRIES: ReadonlyMap<number, Entry> = new Map(
  Object.entries(NUMBERS).flatMap(([entry, numbers]) =>
    numbers.map((number) => [number, entry as Entry]),
  ),
)

/** @param number WeChat's, of how the mini program was opened */
export const entryOf = (number: number): Entry => ENTRIES.get(number) ?? 'unknown'
