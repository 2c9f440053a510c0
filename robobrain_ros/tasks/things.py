# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Names of common things, in groups of those that people use for the same thing, in English and Chinese.

A model that is asked for a mug may call it a cup, which is the same thing; a plate is another one.
"""

from functools import lru_cache

_GROUPS = (
    'mug cup teacup beaker tumbler glass goblet drinkware 杯子 杯 马克杯 水杯 茶杯 玻璃杯',
    'plate dish saucer platter tray 盘子 盘 碟子 碟 餐盘 托盘',
    'bowl dish basin 碗 盆',
    'bottle flask jar jug thermos container 瓶子 瓶 水瓶 罐子',
    'can tin soda coke cola beer beverage drink 罐子 罐 易拉罐 可乐',
    'can bin trashcan trash garbage wastebasket dustbin basket 垃圾桶 垃圾箱 桶',
    'pot pan saucepan skillet kettle wok cookware 锅 锅子 平底锅 水壶 壶 茶壶 teapot',
    'cube block brick box die dice 方块 立方体 积木 盒子',
    'box carton package parcel case crate container 盒子 箱子 纸箱 包裹',
    'ball sphere 球 小球 球体',
    'cylinder tube 圆柱 圆柱体',
    'spoon ladle cutlery silverware 勺子 勺 汤匙',
    'fork cutlery silverware 叉子 叉 餐叉',
    'knife blade cutter cutlery silverware 刀 刀子 小刀',
    'chopstick 筷子',
    'scissors scissor shears 剪刀',
    'apple fruit 苹果',
    'banana fruit 香蕉',
    'orange tangerine mandarin fruit 橙子 橘子',
    'lemon lime fruit 柠檬',
    'pear fruit 梨',
    'tomato vegetable 番茄 西红柿',
    'carrot vegetable 胡萝卜',
    'bread loaf toast bun 面包',
    'egg 鸡蛋',
    'sponge scrubber 海绵',
    'towel cloth rag napkin tissue 毛巾 布 抹布 纸巾',
    'book notebook textbook magazine 书 书本 笔记本',
    'pen pencil marker crayon 笔 铅笔 钢笔',
    'phone smartphone cellphone telephone mobile 手机 电话',
    'laptop computer notebook pc 电脑 笔记本',
    'keyboard 键盘',
    'mouse 鼠标',
    'monitor screen display television tv 显示器 屏幕 电视',
    'remote controller control 遥控器',
    'lamp light lantern 灯 台灯',
    'clock watch 钟 时钟 手表',
    'chair stool seat armchair 椅子 凳子',
    'sofa couch settee seat 沙发',
    'table desk counter countertop tabletop 桌子 书桌 餐桌',
    'shelf rack bookshelf bookcase 架子 书架',
    'drawer 抽屉',
    'cabinet cupboard closet wardrobe locker 柜子 橱柜',
    'door 门',
    'window 窗户 窗',
    'fridge refrigerator 冰箱',
    'microwave oven stove 微波炉 烤箱',
    'sink basin washbasin 水槽 洗手池',
    'faucet tap 水龙头',
    'bag backpack sack pouch handbag purse 包 背包 袋子 书包',
    'shoe sneaker boot slipper 鞋 鞋子',
    'hat cap helmet 帽子',
    'plant flower houseplant vase pot 植物 花 花瓶 盆栽',
    'toy doll teddy bear plush 玩具 娃娃',
    'car vehicle truck 汽车 车 卡车',
    'person man woman human boy girl child people 人 男人 女人 孩子',
    'dog puppy 狗',
    'cat kitten 猫',
    'hammer mallet 锤子',
    'screwdriver driver 螺丝刀',
    'wrench spanner 扳手',
    'pliers plier 钳子',
    'screw bolt nut 螺丝 螺栓 螺母',
    'drill 电钻',
    'tape 胶带',
    'key 钥匙',
    'button switch 按钮 开关',
    'lid cover cap 盖子',
    'wall 墙',
    'floor ground 地板 地面',
)
_ALONE = (
    'stapler toaster blender lighter candle comb brush toothbrush toothpaste soap shampoo mirror pillow '
    'blanket mattress bed rug carpet curtain fan heater radiator vacuum broom mop bucket hose rope cable wire '
    'plug socket charger battery headphone earphone speaker microphone printer router tablet calculator '
    'envelope stamp letter card coin wallet umbrella glove sock shirt jacket trousers jeans belt tie scarf '
    'ring necklace glasses sunglasses bracelet ladder saw axe shovel rake chisel file nail ruler magnet spring '
    'gear motor valve pipe pump sensor wheel tire bicycle motorcycle bus train airplane boat ship rocket '
    'guitar piano drum violin potato onion garlic pepper cucumber broccoli cabbage lettuce corn bean mushroom '
    'strawberry grape cherry peach plum mango pineapple watermelon avocado cheese butter cake cookie pizza '
    'sandwich sausage burger noodle chocolate candy honey jam ketchup mustard bird horse cow sheep pig rabbit '
    'fish tree stone rock grass leaf statue painting poster calendar map globe trophy medal cone pyramid prism '
    'star heart eraser sharpener folder binder clipboard whiteboard projector thermometer syringe bandage mask '
    'pill straw lunchbox corkscrew grater whisk spatula tongs peeler colander sieve apron dishwasher washer '
    'dryer hook hanger 凳 床 枕头 风扇 电池 充电器 钱包 雨伞 手套 袜子 剃须刀 蜡烛 梳子 牙刷 牙膏 肥皂 镜子 '
    '订书机 尺子 橡皮 卡片 硬币 石头 树 障碍物 机器人'
)
"""Things that have no other name here: each is a group of its own."""
_KNOWN: dict[str, frozenset[int]] = {}
for _number, _group in enumerate((*_GROUPS, *_ALONE.split())):
    for _word in _group.split():
        _KNOWN[_word] = _KNOWN.get(_word, frozenset()) | {_number}
_MANY = (('ves', 'f'), ('ves', 'fe'), ('ies', 'y'), ('es', ''), ('s', ''))
"""Endings of plurals, each with that of its singular."""


@lru_cache(maxsize=1024)  # one answer asks several times about each name
def groups_of(name: str) -> frozenset[int]:
    """Find the groups that hold a name, which may be a plural; none where the name is not known.

    :param name: in lower case; in Chinese with simplified characters, and adjectives in front: '黄色的盘子' is a '盘子'
    """
    if not name.isascii():
        return next((_KNOWN[name[at:]] for at in range(len(name)) if name[at:] in _KNOWN), frozenset())
    singular = (name.removesuffix(many) + one for many, one in _MANY if name.endswith(many))
    return next((_KNOWN[word] for word in (name, *singular) if word in _KNOWN), frozenset())
